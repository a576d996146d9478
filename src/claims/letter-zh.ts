/** The claim as a letter in Chinese, saying what the English one says. */
import type { ClaimCase, ClaimLine } from './claim-case.ts';
import type { Fee } from './fee.ts';
import { askedText, eastMinute, markdownTable, periodBounds, rateText, utcMinute } from './letter-words.ts';
import { formatMoney } from './money.ts';

const BLANK = '______';

/** Writes the Chinese letter as Markdown. */
export function letterChinese(claim: ClaimCase): string {
  const { measured } = claim.evidence;
  const sections = [
    `# 可灵 AI 服务等级协议（SLA）赔偿申请：服务周期 ${measured.month}`,
    `编号：${claim.reference}`,
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
    `## 附件\n\n${attached()}`,
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
    '此处的错误请求仅指贵方服务器返回 HTTP 状态码 500 至 599 的请求；有效请求指贵方服务器作出响应的全部请求。',
  contract:
    '此处的错误请求指贵方服务器返回 HTTP 状态码 500 至 599 的请求，以及因贵方原因未能到达贵方服务器的请求（第 1.2 条）；后者同时计入有效请求。',
};

function why(claim: ClaimCase): string {
  const { principal, agreement } = claim;
  return (
    `该周期的服务可用性为 **${principal.availability}%**，低于协议承诺的 ${agreement.commitment}%（第 2.2 条）。` +
    `${READING_TEXT[principal.reading]}\n\n` +
    '第 2.1 条：服务可用性 =（1 − 服务周期内各 5 分钟错误率之和 ÷ 服务周期内 5 分钟总个数）× 100%；' +
    '每 5 分钟错误率 = 该 5 分钟内错误请求数 ÷ 有效请求数（第 1.4 条）；5 分钟总个数 = 12 × 24 × 服务周期天数。' +
    '没有请求的窗口错误率计为 0，但计入总个数。'
  );
}

function numbersTable(claim: ClaimCase): string {
  const { measured } = claim.evidence;
  const reading = measured.readings[claim.principal.reading];
  const { total } = measured.windows;
  return markdownTable(
    ['项目', '数值'],
    [
      ['5 分钟窗口总数（12 × 24 × 天数）', String(total)],
      ['有我方请求的窗口数', String(claim.windowsWithTraffic)],
      ['有错误的窗口数', String(claim.errors.windows)],
      ['我方没有任何记录的窗口数', String(claim.windowsWithoutRecord)],
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
    `1. 取本账号对 ${claim.hosts.join('、')} 的全部请求，时间自 UTC ${utcMinute(start)}（UTC+8 ${eastMinute(start)}）起，至 UTC ${utcMinute(end)}（UTC+8 ${eastMinute(end)}）止（不含终点）。`,
    '2. 按请求开始时间归入 5 分钟窗口。窗口自每小时的 00、05、10……55 分开始，UTC 与 UTC+8 的划分相同。',
    '3. 每个窗口内，用 HTTP 状态码 500 至 599 的响应数除以全部响应数。状态码 400 至 499（包括 429）属于有效请求，不是错误；返回 200 之后任务失败也不是错误。' +
      contractStep(claim) +
      exclusionStep(claim) +
      exampleStep(claim),
    `4. 将各窗口的商相加，除以 ${claim.evidence.measured.windows.total}，再用 1 减去。`,
    '',
    '`windows.csv` 列出每个窗口的计数；`requests.csv` 逐条列出错误请求的时间、路径、状态码、贵方 request_id 以及 `date`、`server`、`via` 响应头。' +
      `${recordedBy(claim)}如贵方日志显示本账号在同一窗口内还有其他请求，请连同数量一并告知。`,
  ].join('\n');
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
function recordedBy({ importedErrors, errors }: ClaimCase): string {
  const all = errors.withRequestId + errors.withoutRequestId;
  if (importedErrors === 0) return '我方只统计经过我方网关的请求；';
  return `我方统计我方网关及我方其他程序所记录的请求（${all} 条错误中有 ${importedErrors} 条来自后者）；`;
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
  const { withRequestId, withoutRequestId, maintenance } = claim.errors;
  const without = claim.withoutMaintenance;
  const lines = [
    `- \`requests.csv\` 逐条列出错误请求。计入的错误中，${withRequestId} 条带有贵方 \`request_id\`；${withoutRequestId} 条没有（如应用之前的网关所返回的响应），可按时间、路径和状态码查找。`,
  ];
  const dropped =
    claim.evidence.measured.readings[claim.principal.reading].errors - withRequestId - withoutRequestId;
  if (dropped > 0) {
    lines.push(`- 另有 ${dropped} 条错误仅在 \`windows.csv\` 中保留计数：逐条记录只保存一定时间。`);
  }
  if (maintenance > 0) {
    lines.push(
      `- 其中 ${maintenance} 条的错误码为 5001（维护）。我方不知悉针对这些时段的事先通知（第 2.2 条第 (i) 项），故计入。若不计入，服务可用性为 ${without.availability}%（月度服务费的 ${without.percent}%）。`,
    );
  }
  return lines.join('\n');
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
    `- 月度服务费：${money(fee.amount)}，其中代金券支付 ${money(fee.paidByVoucher)}。来源：${FEE_SOURCES[fee.source]}${feeParts(fee)}。`,
    `- 申请金额：${principal.percent}% × 服务费 与 ${agreement.capPercent}% ×（服务费 − 代金券支付部分）两者取小 = **${money(principal.voucher.asked)}**。${cap}`,
    `- 若按较窄的理解，计算比例时也扣除代金券支付部分，则为 ${principal.percent}% ×（服务费 − 代金券支付部分）= ${money(principal.voucher.narrower)}。`,
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
    `## 备选申请\n\n第 1.2 条还将因贵方服务器故障而未能到达贵方服务器的请求列为错误请求。我方网关记录到此类请求 ${unreachableUpstream} 条，记录时从我方可以连接独立的第三方地址。将其同时计入错误请求和有效请求，服务可用性为 **${alternative.availability}%**，代金券为 **${worth}**。贵方日志无法显示这些请求，\`requests.csv\` 中以 \`contract\` 标出。如贵方同意计入，请以此替代上述申请。`,
  ];
}

function leftOut(claim: ClaimCase): string {
  const { requests, exclusions } = claim.evidence.measured;
  const lines = [
    `- 已发出但没有收到响应的请求 ${requests.noAnswer} 条、因我方网络失败的请求 ${requests.unreachableLocal} 条、无法判断责任的请求 ${requests.unreachableUnknown} 条，均未主张。`,
  ];
  if (exclusions.length === 0) lines.push('- 我方不知悉该周期内有第 1.2 条或第 2.2 条所列的除外情形。');
  for (const one of exclusions) {
    lines.push(`- ${one.start} 至 ${one.end}，条款 ${one.clause}：${one.source}。该时段的错误未主张。`);
  }
  if (requests.excluded > 0) lines.push(`- 因上述除外情形未计入的错误：${requests.excluded} 条。`);
  return lines.join('\n');
}

function deadlines({ dates, evidence }: ClaimCase): string {
  const sure = dates.isEstimated ? '（估计值：日历没有该年数据）' : '';
  return `第 3.2 条：本申请可自 ${dates.earliest}${sure} 起至 ${dates.latest} 止提交，含首尾两日（时区 ${evidence.period.timeZone}）；工作日日历 ${dates.calendar}：${dates.calendarSource}。`;
}

function attached(): string {
  return [
    '- `windows.csv`：每个有请求的窗口的计数和错误率',
    '- `requests.csv`：全部错误请求',
    '- `summary.json`：本函数据，供程序读取',
    '- `method.md`：测量方法及各种口径的对照',
    '- `claim.html`：英文信函及窗口日历图，可打印',
    '- `claim.en.md`：本函英文版',
    '- `manifest.sha256`：以上文件的校验和',
  ].join('\n');
}
