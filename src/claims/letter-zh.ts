/** The claim as a letter in Chinese, saying what the English one says. */
import type { ClaimCase, ClaimLine } from './claim-case.ts';
import type { CountedIn } from './evidence.ts';
import type { Fee } from './fee.ts';
import { askedText, eastMinute, markdownTable, periodBounds, rateText, utcMinute } from './letter-words.ts';
import { formatMoney } from './money.ts';

const BLANK = '______';

/** Writes the Chinese letter as Markdown. */
export function letterChinese(claim: ClaimCase): string {
  const { measured } = claim.evidence;
  const sections = [
    `# 可灵 AI 服务等级协议（SLA）赔偿申请：服务周期 ${measured.month}`,
    `函件编号：${claim.reference}`,
    claimantTable(claim),
    `## 申请事项\n\n${ask(claim)}`,
    `## 理由\n\n${why(claim)}`,
    `## 数据\n\n${numbersTable(claim)}`,
    `## 如何用贵方日志核对\n\n${howToCheck(claim)}`,
    `## 错误率最高的窗口\n\n${worstTable(claim)}`,
    `## 贵方日志中应有的记录\n\n${traces(claim)}`,
    `## 服务费与代金券\n\n${feeText(claim)}`,
    ...alternativeSection(claim),
    `## 未计入的请求\n\n${leftOut(claim)}`,
    `## 申请期限\n\n${deadlines(claim)}`,
    `## 附件\n\n${attached(claim)}`,
    `## 请贵方处理\n\n${closing(claim)}`,
  ];
  return `${sections.join('\n\n')}\n`;
}

function claimantTable(claim: ClaimCase): string {
  const { settings, evidence, hosts } = claim;
  const { accountId, company, contact } = settings.claimant;
  const { firstDay, lastDay, timeZone, days } = evidence.period;
  return markdownTable(
    ['', ''],
    [
      ['致', '可灵 AI API 服务'],
      ['账号', accountId ?? BLANK],
      ['公司', company ?? BLANK],
      ['联系人', contact ?? BLANK],
      ['服务周期', `${firstDay ?? ''} 至 ${lastDay ?? ''}（含首尾两日），共 ${days} 天（时区 ${timeZone}）`],
      ['API 地址', claim.baseUrl],
      ['请求的域名', hosts.join('、')],
    ],
  );
}

function ask(claim: ClaimCase): string {
  const { principal } = claim;
  const amount = askedText(principal, claim);
  const share = `月度服务费的 ${principal.percent}%`;
  return amount === null
    ? `依据《服务等级协议》第 2.2 条和第 3.1 条，申请金额为本账号该服务周期**${share}**的赔偿代金券。`
    : `依据《服务等级协议》第 2.2 条和第 3.1 条，申请金额为 **${amount}**（${share}）的赔偿代金券。`;
}

const READING_TEXT: Record<ClaimLine['reading'], string> = {
  received:
    '此处的错误请求仅指贵方服务器返回 HTTP 状态码 500 至 599 的请求；有效请求指贵方服务器收到的请求（第 1.3 条），我方以贵方作出响应的全部请求计。',
  contract:
    '此处的错误请求指贵方服务器返回 HTTP 状态码 500 至 599 的请求，以及因贵方原因未能到达贵方服务器的请求（第 1.2 条）；后者同时计入有效请求。',
};

function why(claim: ClaimCase): string {
  const { principal, agreement } = claim;
  return (
    `该周期的服务可用性为 **${principal.availability}%**，低于协议承诺的 ${agreement.commitment}%（第 2.2 条）。${mainCause(claim)}\n\n` +
    `${READING_TEXT[principal.reading]}\n\n` +
    '第 2.1 条：服务可用性 =（1 − 服务周期内各 5 分钟错误率之和 ÷ 服务周期内 5 分钟总个数）× 100%；' +
    '每 5 分钟错误率 = 该 5 分钟内错误请求数 ÷ 有效请求数（第 1.4 条）；5 分钟总个数 = 12 × 24 × 服务周期天数。' +
    '没有请求的窗口错误率计为 0，但计入总个数。'
  );
}

/** The story in a sentence: what most of it came from. */
function mainCause({ outage, agreement }: ClaimCase): string {
  if (!outage) return '';
  const { start, end, windows, failing, errors, valid, sumErrorRates, availability, percent } = outage;
  const alone =
    percent > 0
      ? `仅这些窗口就使该周期的服务可用性降至 ${availability}%，低于 ${agreement.commitment}%。`
      : '';
  return (
    `主要原因是一段连续的故障：UTC ${utcMinute(start)} 至 ${utcMinute(end)}（UTC+8 ${eastMinute(start)} 至 ${eastMinute(end)}），` +
    `其间 ${windows} 个窗口中有 ${failing} 个出现错误，${valid} 条请求中 ${errors} 条失败，在下文 Σ 中占 ${sumErrorRates}。${alone}`
  );
}

function numbersTable(claim: ClaimCase): string {
  const { recorded } = claim;
  const { measured } = claim.evidence;
  const reading = measured.readings[claim.principal.reading];
  const { divisor } = measured.windows;
  return markdownTable(
    ['项目', '数值'],
    [
      ['5 分钟窗口总数（12 × 24 × 天数）', String(divisor)],
      ['有我方请求的窗口数', String(claim.windowsWithTraffic)],
      ['有错误的窗口数', String(claim.errors.windows)],
      [
        '由我方网关记录 / 仅由我方其他程序记录 / 没有记录的窗口数',
        [recorded.bySidecar, recorded.byOthers, recorded.byNobody].join(' / '),
      ],
      ['有效请求数', String(reading.valid)],
      ['错误请求数', String(reading.errors)],
      ['各窗口错误率之和（Σ）', reading.sumErrorRates],
      ['服务可用性 =（1 − Σ ÷ 窗口总数）× 100%', `${claim.principal.availability}%`],
      ['承诺值', `${claim.agreement.commitment}%`],
    ],
  );
}

function howToCheck(claim: ClaimCase): string {
  const { start, end } = periodBounds(claim);
  return [
    `1. 筛选本账号向 ${claim.hosts.join('、')} 发起的全部请求，时间自 UTC ${utcMinute(start)}（UTC+8 ${eastMinute(start)}）起，至 UTC ${utcMinute(end)}（UTC+8 ${eastMinute(end)}）止（不含终点）。`,
    '2. 按请求开始时间归入 5 分钟窗口。窗口自每小时的 00、05、10……55 分开始，UTC 与 UTC+8 的划分相同。',
    '3. 每个窗口内，用 HTTP 状态码 500 至 599 的响应数除以全部响应数。状态码 400 至 499（包括 429）属于有效请求，不是错误；返回 200 之后任务失败也不是错误。' +
      contractStep(claim) +
      exclusionStep(claim) +
      exampleStep(claim),
    `4. 将各窗口的商相加，除以 ${claim.evidence.measured.windows.divisor}，再以 1 减去该结果，并乘以 100%。`,
    '',
    '`windows.csv` 列出每个窗口的计数；`requests.csv` 逐条列出错误请求的时间、路径和状态码' +
      `${claim.errors.withHeaders > 0 ? '，响应中有 `date`、`server`、`via` 响应头的一并列出' : ''}。` +
      `${recordedBy(claim)}${clockText(claim)}如贵方日志显示本账号在同一窗口内还有其他请求，请连同数量一并告知。`,
  ].join('\n');
}

/** How far the claimant's times may be trusted at a window's border. */
function clockText({ evidence }: ClaimCase): string {
  const { answers, minMs, maxMs } = evidence.clockOffset;
  if (answers === 0) {
    return '这些窗口内我方时钟未与贵方时钟比对，靠近窗口边界的请求在贵方日志中可能落入相邻窗口。';
  }
  return `这些窗口内贵方 \`Date\` 响应头比我方时钟早 ${minMs ?? 0} 至 ${maxMs ?? 0} 毫秒。`;
}

/** What only our own record can show, where the claim rests on it. */
function contractStep(claim: ClaimCase): string {
  if (claim.principal.reading === 'received') return '';
  return '`requests.csv` 中标为 `contract` 的请求未能到达贵方，贵方日志中没有记录：我方将其同时计为错误请求和有效请求。';
}

/** What the vendor must leave out to come to the same sum. */
function exclusionStep(claim: ClaimCase): string {
  return claim.evidence.measured.requests.excluded === 0
    ? ''
    : '“未计入的请求”一节所列除外时段内的错误不计入分子，但仍计入分母。';
}

/** Who counted: the claimant's gateway alone, or other programs of its own too. */
function recordedBy({ errors, recorded }: ClaimCase): string {
  const all = errors.withRequestId + errors.withoutRequestId;
  if (errors.imported === 0 && recorded.byOthers === 0) return '我方只统计经过我方网关的请求。';
  return (
    '我方统计我方网关所记录的请求，以及我方其他程序日志所记录的请求：' +
    `逐条列出的 ${all} 条错误中有 ${errors.imported} 条来自后者；网关未运行的 ${recorded.byOthers} 个窗口，其全部请求均来自后者。`
  );
}

function exampleStep(claim: ClaimCase): string {
  const worst = claim.worst[0];
  if (!worst) return '';
  const { windowStart, errors, valid } = worst;
  return `例如 UTC ${utcMinute(windowStart)} 开始的窗口：${errors} ÷ ${valid} = ${rateText(worst)}。`;
}

function worstTable(claim: ClaimCase): string {
  const { worst, errors } = claim;
  const rest = errors.windows - worst.length;
  const more = rest > 0 ? `\n\n另有 ${rest} 个窗口出现错误，全部列于 \`windows.csv\`。` : '';
  const table = markdownTable(
    ['窗口开始（UTC）', '窗口开始（UTC+8）', '错误请求', '有效请求'],
    worst.map((window) => [
      utcMinute(window.windowStart),
      eastMinute(window.windowStart),
      String(window.errors),
      String(window.valid),
    ]),
  );
  return `${table}${more}`;
}

function traces(claim: ClaimCase): string {
  const { withRequestId, withoutRequestId, maintenance, importedWithRequestId } = claim.errors;
  const noted =
    importedWithRequestId > 0
      ? `（其中 ${importedWithRequestId} 条为我方其他程序所记，如与贵方编号不符，请按时间、路径和状态码查找）`
      : '';
  const lines = [
    `- 计入的错误中，${withRequestId} 条带有贵方 \`request_id\`${noted}；${withoutRequestId} 条没有，可按时间、路径和状态码查找。`,
  ];
  const dropped =
    claim.evidence.measured.readings[claim.principal.reading].errors - withRequestId - withoutRequestId;
  if (dropped > 0) {
    lines.push(`- 另有 ${dropped} 条错误仅在 \`windows.csv\` 中保留计数：逐条记录只保存一定时间。`);
  }
  if (maintenance > 0) lines.push(`- ${maintenanceText(claim)}`);
  return lines.join('\n');
}

/** Why answers of code 5001 count, and what is left without them. */
function maintenanceText({ errors, principal, withoutMaintenance, lost }: ClaimCase): string {
  const { principal: without, contract } = withoutMaintenance;
  const unreached = lost.byCheck + lost.byRecorder + lost.byOperator;
  const still =
    principal.reading === 'received' && unreached > 0 && contract.percent > 0
      ? `如再计入未能到达贵方服务器的 ${unreached} 条请求（第 1.2 条），服务可用性仍为 ${contract.availability}%，` +
        `对应月度服务费的 ${contract.percent}%，我方届时以此作为备选申请。`
      : '';
  const worth = without.percent > 0 ? `仍对应月度服务费的 ${without.percent}%` : '不触发赔偿';
  return (
    `其中 ${errors.maintenance} 条的错误码为 5001（维护）。我方予以计入：第 1.2 条第 (i) 项排除的是贵方主动进行的合理维护，` +
    '第 2.2 条第 (i) 项排除的是事先通知的维护，仅凭错误码均不足以证明；据我方所知，贵方未就上述时段事先发出通知。' +
    `如贵方援引其中任一条款，请提供通知或维护记录。不计入这些响应时，服务可用性为 ${without.availability}%，${worth}。${still}`
  );
}

const FEE_SOURCES = {
  invoice: '账单所列金额，由账号持有人填写',
  billing: '贵方账单接口所列、扣费时间在该服务周期内的明细',
  settled: '估算：贵方报告的扣减量乘以单价',
} as const;

const PART_KINDS = {
  pack: '按资源包单价',
  credit: '按配置的积分单价',
  money: '按实际扣款',
  none: '无单价，未计入',
} as const;

/** The invoice's number, as entered. */
function feeNote({ fee, settings }: ClaimCase): string {
  const number = settings.invoice?.source ?? null;
  return fee?.source === 'invoice' && number !== null ? `（${number}）` : '';
}

function feeParts({ parts, currency }: Fee): string {
  if (parts.length === 0) return '';
  const listed = parts.map(({ name, quantity, unit, rows, amount, kind }) => {
    const worth = amount === null ? '' : `，计 ${formatMoney(amount, currency)}`;
    return `${name} 扣减 ${quantity / 1_000_000} ${unit}，${rows} 笔，${PART_KINDS[kind]}${worth}`;
  });
  return `：${listed.join('；')}`;
}

function feeText(claim: ClaimCase): string {
  const { fee, principal, agreement } = claim;
  if (!fee || !principal.voucher) {
    return `我方未填写本账号的月度服务费，请以贵方记录为准。赔偿比例为 ${principal.percent}%（第 3.1 条），上限为扣除代金券支付部分后服务费的 ${agreement.capPercent}%。`;
  }
  const money = (micros: number): string => formatMoney(micros, fee.currency);
  const cap = principal.voucher.isCapped ? '此处适用上限。' : '';
  return [
    `- 月度服务费：${money(fee.amount)}，其中代金券支付 ${money(fee.paidByVoucher)}。来源：${FEE_SOURCES[fee.source]}${feeNote(claim)}${feeParts(fee)}。`,
    `- 申请金额：${principal.percent}% × 服务费 与 ${agreement.capPercent}% ×（服务费 − 代金券支付部分）两者取小 = **${money(principal.voucher.asked)}**。${cap}`,
    ...(fee.paidByVoucher > 0
      ? [
          `- 如贵方认为赔偿比例也仅适用于代金券支付以外的部分，则金额为 ${principal.percent}% ×（服务费 − 代金券支付部分）= ${money(principal.voucher.narrower)}。`,
        ]
      : []),
  ].join('\n');
}

function alternativeSection(claim: ClaimCase): string[] {
  const { alternative } = claim;
  if (!alternative) return [];
  const { unreachableUpstream } = claim.evidence.measured.requests;
  const amount = askedText(alternative, claim);
  const worth =
    amount === null ? `月度服务费的 ${alternative.percent}%` : `${amount}（${alternative.percent}%）`;
  return [
    `## 备选申请\n\n第 1.2 条还将因贵方服务器故障而未能到达贵方服务器的请求列为错误请求。此类请求共 ${unreachableUpstream} 条：${lostText(claim)}。将其同时计入错误请求和有效请求，服务可用性为 **${alternative.availability}%**，代金券为 **${worth}**。贵方日志无法显示这些请求，\`requests.csv\` 中以 \`contract\` 标出。如贵方同意计入，请以此替代上述申请。`,
  ];
}

/** How it is known that requests never arrived, and through whose fault. */
function lostText({ lost }: ClaimCase): string {
  const ways: [number, string][] = [
    [lost.byCheck, '条发生时，我方网关可以连接独立的第三方地址'],
    [lost.byRecorder, '条由记录该请求的程序判定'],
    [lost.byOperator, '条由我方人员查明，依据见 `method.md`'],
  ];
  return ways.flatMap(([count, how]) => (count > 0 ? [`${count} ${how}`] : [])).join('，');
}

function leftOut(claim: ClaimCase): string {
  const { requests, exclusions } = claim.evidence.measured;
  const { noAnswer, unreachableLocal, unreachableUnknown } = requests;
  const classes: [number, string][] = [
    [noAnswer, '已发出但没有收到响应的请求'],
    [unreachableLocal, '因我方原因未能发出的请求'],
    [unreachableUnknown, '未能到达、无法判断责任的请求'],
  ];
  const lines = classes.map(([count, what]) => `- ${what}：${count} 条，未主张。`);
  lines.unshift(...unreachedLines(claim));
  if (exclusions.length === 0) lines.push('- 据我方所知，该周期内没有第 1.2 条或第 2.2 条所列的除外情形。');
  for (const one of exclusions) {
    lines.push(`- ${one.start} 至 ${one.end}，条款 ${one.clause}：${one.source}。该时段的错误未主张。`);
  }
  if (requests.excluded > 0) lines.push(`- 因上述除外情形未计入的错误：${requests.excluded} 条。`);
  return lines.join('\n');
}

/** What 1.2 makes errors too, where the claim neither rests on it nor asks for it in the alternative. */
function unreachedLines(claim: ClaimCase): string[] {
  const { principal, alternative } = claim;
  const { requests, readings } = claim.evidence.measured;
  if (principal.reading !== 'received' || alternative || requests.unreachableUpstream === 0) return [];
  return [
    `- 因贵方原因未能到达贵方服务器的请求：${requests.unreachableUpstream} 条（${lostText(claim)}）。依第 1.2 条属于错误请求；` +
      `因贵方日志无法显示，上文未计入。如计入，服务可用性为 ${readings.contract.availability ?? '-'}%。`,
  ];
}

function deadlines({ dates, evidence }: ClaimCase): string {
  const sure = dates.isEstimated ? '（估计值：日历没有该年数据）' : '';
  return (
    `第 3.2 条：次月第五个工作日为 ${dates.fifthWorkday}${sure}，本申请可自 ${dates.earliest} 起至 ${dates.latest} 止提交，` +
    `含首尾两日（时区 ${evidence.period.timeZone}）。工作日依据：${dates.calendarSource}。`
  );
}

function attached(claim: ClaimCase): string {
  const kinds = new Map<string, number>();
  for (const { countedIn } of claim.evidence.errors) kinds.set(countedIn, (kinds.get(countedIn) ?? 0) + 1);
  const listed = COUNTED.flatMap(([kind, text]) => {
    const count = kinds.get(kind) ?? 0;
    return count > 0 ? [`${text} ${count} 条（\`${kind}\`）`] : [];
  });
  return [
    '- `windows.csv`：每个有请求的窗口的计数和错误率',
    `- \`requests.csv\`：全部失败请求；\`counted_in\` 列标明：${listed.join('，')}`,
    '- `summary.json`：本函所载数据，供程序读取（`principal` 为所申请的计算方式，`month` 载有全部计算方式）',
    '- `method.md`：测量方法，以及对协议各种理解下的结果对照',
    '- `claim.html`：英文信函及窗口日历图，可打印',
    '- `claim.en.md`：本函英文版',
    '- `manifest.sha256`：以上文件的校验和',
  ].join('\n');
}

const COUNTED: readonly [CountedIn, string][] = [
  ['received+contract', '返回 5xx 的'],
  ['contract', '因贵方原因未能到达贵方的'],
  ['excluded', '因除外情形不计入的'],
  ['none', '我方未计入的'],
];

function closing({ settings }: ClaimCase): string {
  return [
    '请确认收到本函，并告知处理结果。如贵方的计数与我方不同，请提供上述窗口的计数。',
    '',
    '此致',
    '',
    '敬礼',
    '',
    `${settings.claimant.company ?? BLANK}　${settings.claimant.contact ?? BLANK}　日期：${BLANK}`,
  ].join('\n');
}
