/** The sentences of a letter that depend on the case, with a month in which each is true and one in which it is not. */
import { recordAudit } from '../../src/budget/audit-table.ts';
import { defineWrite } from '../../src/store/operation.ts';
import { failed, LetterCase, OUTAGE, SETTINGS, WINDOW } from './letter-cases.ts';

export type Make = () => LetterCase | Promise<LetterCase>;

const noteImport = defineWrite(
  'test.noteImport',
  (tx, _args: object) =>
    recordAudit(tx, {
      at: OUTAGE,
      actor: 'cli',
      action: 'sla.import',
      subject: 'nginx',
      before: null,
      after: '1 new calls',
      reason: 'import',
    }),
  { scope: 'own' },
);

export const INVOICE = { amount: 1000_000_000, paidByVoucher: 0, currency: 'USD', source: null };
export const offset =
  (...offsets: number[]): Make =>
  async () =>
    (await failed()).call(offsets.map((clockOffsetMs) => ({ at: OUTAGE, status: 200, clockOffsetMs })));
/** Five windows of maintenance of ten failed ones: without them nothing is due. */
export const maintained: Make = async () => (await failed(5)).fail(5, { from: 5, code: 5001 });

/** What is said, how it begins in English and Chinese, a month where it is true, and one where it is not. */
export type Sentence = readonly [what: string, en: string, zh: string, isTrue: Make, isNot: Make];

/** Each sentence that depends on the case: how it begins in both letters, a month where it is true, one where it is not. */
export const SENTENCES: readonly Sentence[] = [
  [
    'most of it was one stretch',
    'Most of it was one stretch',
    '主要原因是一段连续的故障',
    failed,
    async () => (await failed(4)).fail(12, { from: 40, every: 5 }),
  ],
  [
    'a stretch cost most, and not half of it',
    'The stretch that cost most was',
    '影响最大的一段故障：',
    async () => (await failed(4)).fail(12, { from: 40, every: 5 }),
    failed,
  ],
  [
    'the stretch alone breaks the commitment',
    'These windows alone put the period at',
    '仅这些窗口就使',
    failed,
    async () => (await failed(7)).fail(4, { from: 40, every: 5 }),
  ],
  [
    'errors are answers only',
    'Error requests here are only requests that your servers answered',
    '此处的错误请求仅指',
    failed,
    () => new LetterCase().lose(10, 0),
  ],
  [
    'requests that never arrived are claimed',
    'The requests marked `contract`',
    '中标为 `contract` 的请求',
    () => new LetterCase().lose(10, 0),
    failed,
  ],
  [
    'errors that no log of the vendor holds',
    'Errors that never reached your servers',
    '未能到达贵方服务器、贵方日志中没有记录的错误',
    () => new LetterCase().lose(10, 0),
    failed,
  ],
  [
    'an exclusion lies in the period',
    'Errors within the exclusions listed',
    '除外时段内的错误不计入分子',
    async () => (await failed(11)).exclude(0),
    failed,
  ],
  [
    'no exclusion is entered',
    'Our records hold no exclusion',
    '我方记录中，该周期内没有',
    failed,
    async () => (await failed(11)).exclude(0),
  ],
  [
    'an exclusion leaves errors out',
    'Errors left out by these exclusions: 1.',
    '因上述除外情形未计入的错误：1 条',
    async () => (await failed(11)).exclude(0),
    async () => (await failed(10)).exclude(20),
  ],
  [
    'answers carry headers',
    'headers where the answer had them',
    '响应头的一并列出',
    async () =>
      (await failed(9)).fail(1, { from: 9, evidence: { date: null, server: 'x', via: null, cause: null } }),
    failed,
  ],
  [
    'the gateway alone recorded',
    'We count what passed through our own gateway.',
    '我方只统计经过我方网关的请求。',
    async () => (await failed()).observe(),
    () => new LetterCase().failElsewhere(10),
  ],
  [
    'others recorded answers without errors',
    'We count what our own gateway recorded, and',
    '以及我方其他程序日志所记录的请求',
    async () => {
      const month = (await failed()).observe();
      await month.store.run(noteImport, {});
      return month.call([{ at: OUTAGE + 20 * WINDOW, status: 200, id: 'imp_x' }]);
    },
    async () => {
      const month = (await failed()).observe();
      await month.store.run(noteImport, {});
      return month.call([{ at: OUTAGE + 20 * WINDOW, status: 200, id: 'imp_x', host: 'other.example' }]);
    },
  ],
  [
    'errors were recorded elsewhere',
    'From the latter come 10 of the 10 errors listed.',
    '逐条列出的 10 条错误中有 10 条来自后者',
    () => new LetterCase().failElsewhere(10),
    failed,
  ],
  [
    'the gateway did not run in windows',
    'From the latter come all requests of 10 windows',
    '网关未运行的 10 个窗口',
    () => new LetterCase().failElsewhere(10),
    async () => (await new LetterCase().failElsewhere(10)).observe(),
  ],
  [
    'the clock was not compared',
    'Our clock was not compared with yours',
    '我方时钟未与贵方时钟比对',
    failed,
    offset(120),
  ],
  [
    'another host’s clock says nothing',
    'Our clock was not compared with yours',
    '我方时钟未与贵方时钟比对',
    async () =>
      (await failed()).call([{ at: OUTAGE, status: 200, clockOffsetMs: 5000, host: '127.0.0.1:5566' }]),
    offset(120),
  ],
  [
    'the vendor’s clock is ahead',
    'were 20 to 120 ms ahead of our clock',
    '比我方时钟快 20 至 120 毫秒',
    offset(20, 120),
    offset(-20, -120),
  ],
  [
    'the vendor’s clock is behind',
    'were 20 to 120 ms behind our clock',
    '比我方时钟慢 20 至 120 毫秒',
    offset(-20, -120),
    offset(20, 120),
  ],
  [
    'the clocks are around each other',
    'between 50 ms behind and 80 ms ahead of our clock',
    '最多慢 50 毫秒，最多快 80 毫秒',
    offset(-50, 80),
    offset(50, 80),
  ],
  [
    'more windows failed than are listed',
    'Further windows with errors: 2;',
    '另有 2 个窗口出现错误',
    () => failed(14),
    () => failed(12),
  ],
  [
    'ids were noted elsewhere',
    'other programs of ours noted the id of 10',
    '其中 10 条的编号为我方其他程序所记',
    () => new LetterCase().failElsewhere(10, { klingRequestId: 'k' }),
    () => new LetterCase().fail(10, { klingRequestId: 'k' }),
  ],
  [
    'single records are gone',
    'Further errors of which only the counts in `windows.csv` are left: 9.',
    '仅在 `windows.csv` 中保留计数的其他错误：9 条',
    async () => {
      const month = await failed();
      month.store.db.exec(`DELETE FROM journal WHERE at > ${OUTAGE}`);
      return month;
    },
    failed,
  ],
  [
    'answers are of maintenance',
    'Errors that are answers of code 5001, “under maintenance”: 5.',
    '错误码为 5001（维护）的错误：5 条',
    maintained,
    failed,
  ],
  [
    'nothing is due without maintenance',
    '99.943996 %, at which nothing is due',
    '99.943996%，不触发赔偿',
    maintained,
    async () => (await failed(10)).fail(5, { from: 10, code: 5001 }),
  ],
  [
    'enough is left without maintenance',
    'which is still worth 10 % of the fee',
    '仍对应月度服务费的 10%',
    async () => (await failed(10)).fail(5, { from: 10, code: 5001 }),
    maintained,
  ],
  [
    'what never arrived stands in for maintenance',
    'With the 5 requests that never reached your servers (1.2) it would then be 99.887992 %, 10 % of the fee',
    '未能到达贵方服务器的 5 条请求（第 1.2 条），服务可用性为 99.887992%，对应月度服务费的 10%',
    async () => (await maintained()).lose(5, 30),
    async () => (await maintained()).lose(1, 30),
  ],
  [
    'the fee is unknown',
    'We do not know the Monthly Service Fee',
    '我方不掌握本账号的月度服务费',
    failed,
    async () => (await failed()).with({ invoice: INVOICE }),
  ],
  [
    'the fee is an invoice’s',
    'the invoiced fee as entered by the account holder (INV-7)',
    '账单所列金额，由账号持有人填写（INV-7）',
    async () => (await failed()).with({ invoice: { ...INVOICE, source: 'INV-7' } }),
    async () => (await failed()).with({ invoice: INVOICE }),
  ],
  [
    'all credits were reported by the vendor',
    'which your answers to our tasks reported as deducted',
    '贵方在任务响应中报告的扣减量 500 积分',
    async () => (await failed()).settle(500, 'reported'),
    async () => (await failed()).settle(500, 'estimate'),
  ],
  [
    'some credits are our own estimate',
    'Your answers reported 300 of them as deducted; 200 are our own estimate',
    '其中 300 积分为贵方在任务响应中报告的扣减量，200 积分为我方',
    async () => (await failed()).settle(300, 'reported').settle(200, 'estimate'),
    async () => (await failed()).settle(500, 'reported'),
  ],
  [
    'the cap decides',
    'The cap decides here.',
    '此处适用上限。',
    async () => (await failed()).with({ invoice: { ...INVOICE, paidByVoucher: 900_000_000 } }),
    async () => (await failed()).with({ invoice: INVOICE }),
  ],
  [
    'vouchers paid a part',
    'applies only to what vouchers did not pay, the amount is 10 % × (fee − paid by vouchers) = 60.00 USD',
    '= 60.00 USD。',
    async () => (await failed()).with({ invoice: { ...INVOICE, paidByVoucher: 400_000_000 } }),
    async () => (await failed()).with({ invoice: INVOICE }),
  ],
  [
    'there is an alternative',
    '## Alternative claim',
    '## 备选申请',
    async () => (await failed(9)).lose(90, 100),
    async () => (await failed(9)).lose(2, 100),
  ],
  [
    'what never arrived is left out',
    'through a fault on your side: 2 (2 as a person of ours found',
    '因贵方原因未能到达贵方服务器的请求：2 条（2 条由我方人员查明',
    async () => (await failed(9)).lose(2, 100),
    async () => (await failed(9)).lose(90, 100),
  ],
  [
    'what an exclusion holds never counts as lost',
    'through a fault on your side: 1 (',
    '因贵方原因未能到达贵方服务器的请求：1 条（',
    async () => (await (await failed(9)).lose(2, 100)).exclude(100),
    async () => (await failed(9)).lose(2, 100),
  ],
  [
    'of what never arrived only counts are left',
    '2 of which only the counts are left',
    '2 条仅保留计数',
    async () => {
      const month = await (await failed(9)).lose(2, 100);
      month.store.db.exec("DELETE FROM journal WHERE outcome = 'unreachable'");
      return month;
    },
    async () => (await failed(9)).lose(2, 100),
  ],
  [
    'the date is an estimate',
    'The fifth working day is an estimate',
    '第五个工作日为估计值',
    async () => (await failed()).with({ calendarOverride: null, calendar: 'SG' }).inMonth('2026-12'),
    failed,
  ],
  [
    'requests are listed singly',
    'every failed request that is recorded singly',
    '逐条保存的全部失败请求',
    failed,
    async () => {
      const month = await failed();
      month.store.db.exec('DELETE FROM journal');
      return month;
    },
  ],
  [
    'somebody signs',
    'Name: Ana Lima',
    '签署人：Ana Lima',
    async () => (await failed()).with({ claimant: { ...SETTINGS.claimant, signatory: 'Ana Lima' } }),
    async () => (await failed()).with({ claimant: { ...SETTINGS.claimant, contact: 'Ana Lima' } }),
  ],
];
