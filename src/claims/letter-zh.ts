/** The letter's phrases in Chinese. */
import { BLANK } from './claim-folder.ts';
import { bold, code, joinTexts, say, type Text } from '../markup.ts';
import type { FeePart } from './billing-fee.ts';
import { quantityText, type LetterWords, type Worth } from './letter-words.ts';
import { formatMoney } from './money.ts';

export const CHINESE: LetterWords = {
  htmlLang: 'zh-CN',
  language: 'zh',
  comma: '、',
  gap: '',
  blank: BLANK,
  title: (month) => say`可灵 AI 服务等级协议（SLA）赔偿申请：服务周期 ${month}`,
  reference: (reference) => say`函件编号：${reference}`,
  headings: {
    ask: say`申请事项`,
    why: say`理由`,
    numbers: say`数据`,
    check: say`如何用贵方日志核对`,
    worst: say`错误率最高的窗口`,
    traces: say`贵方日志中应有的记录`,
    fee: say`服务费与代金券`,
    alternative: say`备选申请`,
    leftOut: say`未计入的请求`,
    deadlines: say`申请期限`,
    attached: say`附件`,
    closing: say`请贵方处理`,
  },

  claimant: {
    to: say`致`,
    account: say`账号`,
    company: say`公司`,
    contact: say`联系方式`,
    period: say`服务周期`,
    baseUrl: say`API 地址`,
    hosts: say`请求的域名`,
  },
  vendor: say`可灵 AI API 服务`,
  period: ({ firstDay, lastDay, days, timeZone }) =>
    say`${firstDay} 至 ${lastDay}（含首尾两日），共 ${days} 天（时区 ${timeZone}）`,

  ask: ({ percent, amount }) =>
    amount === null
      ? say`依据《服务等级协议》第 2.2 条和第 3.1 条，申请金额为本账号该服务周期${bold(`月度服务费的 ${percent}%`)} 的赔偿代金券。`
      : say`依据《服务等级协议》第 2.2 条和第 3.1 条，申请金额为 ${bold(amount)}（月度服务费的 ${percent}%）的赔偿代金券。`,
  whyAvailability: ({ availability, commitment }) =>
    say`该周期的服务可用性为 ${bold(`${availability}%`)}，低于协议承诺的 ${commitment}%（第 2.2 条）。`,
  outage: ({ isMost, windows, failing, errors, valid, sumErrorRates }, { from, to }) =>
    say`${isMost ? '主要原因是一段连续的故障' : '影响最大的一段故障'}：UTC ${from.utc} 至 ${to.utc}（UTC+8 ${from.east} 至 ${to.east}），其间 ${windows} 个窗口中有 ${failing} 个出现错误，${valid} 条请求中 ${errors} 条失败，在下文 Σ 中占 ${sumErrorRates}。`,
  outageAlone: ({ availability, commitment }) =>
    say`仅这些窗口就使该周期的服务可用性降至 ${availability}%，低于 ${commitment}%。`,
  reading: {
    received: say`此处的错误请求仅指贵方服务器返回 HTTP 状态码 500 至 599 的请求；有效请求指贵方服务器收到的请求（第 1.3 条），我方以贵方作出响应的全部请求计。`,
    contract: say`此处的错误请求指贵方服务器返回 HTTP 状态码 500 至 599 的请求，以及因贵方原因未能到达贵方服务器的请求（第 1.2 条）；后者同时计入有效请求。`,
  },
  formula: say`第 2.1 条：服务可用性 =（1 − 服务周期内各 5 分钟错误率之和 ÷ 服务周期内 5 分钟总个数）× 100%；每 5 分钟错误率 = 该 5 分钟内错误请求数 ÷ 有效请求数（第 1.4 条）；5 分钟总个数 = 12 × 24 × 服务周期天数。没有请求的窗口错误率计为 0，但计入总个数。`,

  numbersHead: [say`项目`, say`数值`],
  numbers: {
    windows: say`5 分钟窗口总数（12 × 24 × 天数）`,
    withRequests: say`有我方有效请求的窗口数`,
    withErrors: say`有错误的窗口数`,
    recorded: say`由我方网关记录 / 仅由我方其他程序记录 / 没有记录的窗口数`,
    valid: say`有效请求数`,
    errors: say`错误请求数`,
    sum: say`各窗口错误率之和（Σ）`,
    availability: say`服务可用性 =（1 − Σ ÷ 窗口总数）× 100%`,
    committed: say`承诺值`,
  },
  percent: (value) => say`${value}%`,

  checkRequests: ({ hosts, from, to }) =>
    say`筛选本账号向 ${hosts} 发起的全部请求，时间自 UTC ${from.utc}（UTC+8 ${from.east}）起，至 UTC ${to.utc}（UTC+8 ${to.east}）止（不含终点）。`,
  checkWindows: say`按请求开始时间归入 5 分钟窗口。窗口自每小时的 00、05、10……55 分开始，UTC 与 UTC+8 的划分相同。`,
  checkQuotient: say`每个窗口内，用 HTTP 状态码 500 至 599 的响应数除以全部响应数。状态码 400 至 499（包括 429）属于有效请求，不是错误；返回 200 之后任务失败也不是错误。`,
  checkUnreached: say`${code('requests.csv')} 中标为 ${code('contract')} 的请求未能到达贵方，贵方日志中没有记录：我方将其同时计为错误请求和有效请求。`,
  checkExclusions: say`“未计入的请求”一节所列除外时段内的错误不计入分子，但仍计入分母。`,
  checkExample: ({ begins, errors, valid, rate }) =>
    say`例如 UTC ${begins.utc} 开始的窗口：${errors} ÷ ${valid} = ${rate}。`,
  checkSum: (windows) => say`将各窗口的商相加，除以 ${windows}，再以 1 减去该结果，并乘以 100%。`,
  checkFiles: (hasHeaders) =>
    hasHeaders
      ? say`${code('windows.csv')} 列出每个窗口的计数；${code('requests.csv')} 列出逐条保存的错误请求的时间、路径和状态码，响应中有 ${code('date')}、${code('server')}、${code('via')} 响应头的一并列出。`
      : say`${code('windows.csv')} 列出每个窗口的计数；${code('requests.csv')} 列出逐条保存的错误请求的时间、路径和状态码。`,
  recordedByGateway: say`我方只统计经过我方网关的请求。`,
  recordedByOthersToo: say`我方统计我方网关所记录的请求，以及我方其他程序日志所记录的请求。`,
  recordedErrors: ({ imported, listed }) => say`逐条列出的 ${listed} 条错误中有 ${imported} 条来自后者。`,
  recordedWindows: (windows) => say`网关未运行的 ${windows} 个窗口，其全部请求均来自后者。`,
  clockUnknown: say`这些窗口内我方时钟未与贵方时钟比对，靠近窗口边界的请求在贵方日志中可能落入相邻窗口。`,
  clockAhead: ({ fromMs, toMs }) =>
    say`这些窗口内贵方 ${code('Date')} 响应头（精确到秒）比我方时钟快 ${fromMs} 至 ${toMs} 毫秒。`,
  clockBehind: ({ fromMs, toMs }) =>
    say`这些窗口内贵方 ${code('Date')} 响应头（精确到秒）比我方时钟慢 ${fromMs} 至 ${toMs} 毫秒。`,
  clockAround: ({ behindMs, aheadMs }) =>
    say`这些窗口内贵方 ${code('Date')} 响应头（精确到秒）与我方时钟相差：最多慢 ${behindMs} 毫秒，最多快 ${aheadMs} 毫秒。`,
  furtherRequests: say`如贵方日志显示本账号在同一窗口内还有其他请求，请连同数量一并告知。`,

  worstHead: [say`窗口开始（UTC）`, say`窗口开始（UTC+8）`, say`错误请求`, say`有效请求`],
  furtherWindows: (windows) => say`另有 ${windows} 个窗口出现错误，全部列于 ${code('windows.csv')}。`,

  answeredWithId: (errors) => say`带有贵方 ${code('request_id')} 的错误：${errors} 条。`,
  idsNotedElsewhere: (errors) =>
    say`其中 ${errors} 条的编号为我方其他程序所记，如与贵方编号不符，请按时间、路径和状态码查找。`,
  answeredWithoutId: (errors) => say`没有编号、可按时间、路径和状态码查找的错误：${errors} 条。`,
  unreachedErrors: (errors) => say`未能到达贵方服务器、贵方日志中没有记录的错误：${errors} 条。`,
  unlistedErrors: (errors) =>
    say`仅在 ${code('windows.csv')} 中保留计数的其他错误：${errors} 条。逐条记录只保存一定时间。`,
  maintenance: (errors) =>
    say`错误码为 5001（维护）的错误：${errors} 条。我方予以计入：第 1.2 条第 (i) 项排除的是贵方主动进行的合理维护，第 2.2 条第 (i) 项排除的是事先通知的维护，仅凭错误码均不足以证明。如贵方援引其中任一条款，请提供通知或维护记录。`,
  withoutMaintenance: ({ availability, percent }) =>
    percent > 0
      ? say`不计入这些响应时，服务可用性为 ${availability}%，仍对应月度服务费的 ${percent}%。`
      : say`不计入这些响应时，服务可用性为 ${availability}%，不触发赔偿。`,
  maintenanceAndUnreached: ({ requests, availability, percent }) =>
    say`届时如计入未能到达贵方服务器的 ${requests} 条请求（第 1.2 条），服务可用性为 ${availability}%，对应月度服务费的 ${percent}%，我方以此作为申请。`,

  feeUnknown: ({ percent, capPercent }) =>
    say`我方不掌握本账号的月度服务费，请以贵方记录为准。赔偿比例为 ${percent}%（第 3.1 条），上限为扣除代金券支付部分后服务费的 ${capPercent}%。`,
  fee: ({ amount, paidByVoucher, source }) =>
    say`月度服务费：${amount}，其中代金券支付 ${paidByVoucher}。来源：${source}。`,
  feeInvoice: (number) =>
    number === null ? say`账单所列金额，由账号持有人填写` : say`账单所列金额，由账号持有人填写（${number}）`,
  feeBilling: (rows, parts) =>
    say`贵方账单接口所列、扣费时间在该服务周期内的 ${rows} 笔扣减${parts.length > 0 ? '：' : ''}${joinTexts(parts, '；')}`,
  feePart: chinesePart,
  feeSettled: ({ credits, reported, unreported, perCredit, currency }) =>
    unreported === 0
      ? say`估算：贵方在任务响应中报告的扣减量 ${credits} 积分，按每积分 ${perCredit} ${currency} 计`
      : say`估算：${credits} 积分，按每积分 ${perCredit} ${currency} 计；其中 ${reported} 积分为贵方在任务响应中报告的扣减量，${unreported} 积分为我方按贵方价目表所作的估计`,
  voucher: ({ percent, capPercent, asked }) =>
    say`申请金额：${percent}% × 服务费 与 ${capPercent}% ×（服务费 − 代金券支付部分）两者取小 = ${bold(asked)}。`,
  voucherCapped: say`此处适用上限。`,
  voucherNarrower: ({ percent, amount }) =>
    say`如贵方认为赔偿比例也仅适用于代金券支付以外的部分，则金额为 ${percent}% ×（服务费 − 代金券支付部分）= ${amount}。`,

  alternative: ({ requests, how, availability, worth }) =>
    say`第 1.2 条还将因贵方服务器故障而未能到达贵方服务器的请求列为错误请求。此类请求共 ${requests} 条：${how}。将其同时计入错误请求和有效请求，服务可用性为 ${bold(`${availability}%`)}，代金券为 ${bold(worthText(worth))}。贵方日志无法显示这些请求，${code('requests.csv')} 中以 ${code('contract')} 标出。如贵方同意计入，请以此替代上述申请。`,
  lostByCheck: (requests) => say`${requests} 条发生时，我方网关可以连接独立的第三方地址`,
  lostByRecorder: (requests) => say`${requests} 条由记录该请求的程序判定`,
  lostByOperator: (requests) => say`${requests} 条由我方人员查明，依据见 ${code('method.md')}`,
  lostUnlisted: (requests) => say`${requests} 条仅保留计数`,

  leftOutUnreached: ({ requests, how, availability }) =>
    say`因贵方原因未能到达贵方服务器的请求：${requests} 条（${how}）。依第 1.2 条属于错误请求；因贵方日志无法显示，上文未计入。如计入，服务可用性为 ${availability}%。`,
  leftOutNoAnswer: (requests) => say`已发出但没有收到响应的请求：${requests} 条，未主张。`,
  leftOutLocal: (requests) => say`因我方原因未能发出的请求：${requests} 条，未主张。`,
  leftOutUnknown: (requests) => say`未能到达、无法判断责任的请求：${requests} 条，未主张。`,
  noExclusion: say`我方记录中，该周期内没有第 1.2 条或第 2.2 条所列的除外情形。`,
  exclusion: ({ start, end, clause, source }) =>
    say`${start} 至 ${end}，条款 ${clause}：${source}。该时段内的错误未主张。`,
  exclusionErrors: (errors) => say`因上述除外情形未计入的错误：${errors} 条。`,

  deadlines: ({ fifthWorkday, earliest, latest, timeZone }) =>
    say`第 3.2 条：次月第五个工作日为 ${fifthWorkday}，本申请可自 ${earliest} 起至 ${latest} 止提交，含首尾两日（时区 ${timeZone}）。`,
  deadlinesEstimated: say`第五个工作日为估计值，宁晚勿早。`,
  workingDays: (source) => say`工作日依据：${source}。`,

  attachedWindows: say`${code('windows.csv')}：每个有请求的窗口的计数和错误率`,
  attachedRequests: (kinds) =>
    say`${code('requests.csv')}：逐条保存的全部失败请求；${code('counted_in')} 列标明：${joinTexts(kinds, '，')}`,
  attachedNoRequests: say`${code('requests.csv')}：为空，失败请求的逐条记录只保存一定时间`,
  countedIn: {
    'received+contract': (requests) => say`返回 5xx 的 ${requests} 条（${code('received+contract')}）`,
    contract: (requests) => say`因贵方原因未能到达贵方的 ${requests} 条（${code('contract')}）`,
    excluded: (requests) => say`因除外情形不计入的 ${requests} 条（${code('excluded')}）`,
    none: (requests) => say`我方未计入的 ${requests} 条（${code('none')}）`,
  },
  attachedSummary: say`${code('summary.json')}：本函所载数据，供程序读取（${code('principal')} 为所申请的计算方式，${code('month')} 载有全部计算方式）`,
  attachedMethod: say`${code('method.md')}：测量方法，以及对协议各种理解下的结果对照`,
  attachedPages: say`${code('claim.zh.html')} 和 ${code('claim.html')}：本函的中文版和英文版及窗口日历图，可打印`,
  attachedLetter: say`${code('claim.en.md')}：本函英文版`,
  attachedManifest: say`${code('manifest.sha256')}：以上文件的校验和`,

  closing: [
    say`请确认收到本函，并告知处理结果。如贵方的计数与我方不同，请提供上述窗口的计数。`,
    say`此致`,
    say`敬礼`,
  ],
  placeAndDate: say`地点和日期：…………………`,
  name: (signatory) => say`签署人：${signatory}`,

  calendarTitle: (timeZone) => say`5 分钟窗口日历图（时区 ${timeZone}）`,
  calendarCaption: say`每行为一天，每格为 5 分钟。`,
  calendarOutage: (day) => say`影响最大的一段故障始于 ${day}。`,
  calendarImported: (windows) => say`其中 ${windows} 个窗口我方网关未运行，所示内容来自我方其他程序的记录。`,
  calendarImage: (month) => `${month} 各 5 分钟窗口的错误率，每行一天`,
  colours: {
    fine: '有请求，无错误',
    low: '错误率不超过 10%',
    middle: '不超过 50%',
    high: '超过 50%',
    idle: '无请求',
    notObserved: '记录程序未运行',
  },
};

function worthText({ percent, amount }: Worth): string {
  return amount === null ? `月度服务费的 ${percent}%` : `${amount}（${percent}%）`;
}

/** The products whose units Kling sells. */
const PRODUCTS: Readonly<Record<string, string>> = { video: '视频', image: '图片', 'try-on': '虚拟试穿' };

function chinesePart(part: FeePart, worth: string | null): Text {
  const names = { balance: '账户余额', test_balance: '测试金' };
  const name = part.purse === 'pack' ? (part.pack ?? '未命名的资源包') : names[part.purse];
  const product = part.product === null ? '未知' : (PRODUCTS[part.product] ?? part.product);
  const unit = part.purse === 'pack' ? `${product}单位` : (part.currency ?? '（币种未注明）');
  const amount = worth === null ? '' : `，计 ${worth}`;
  return say`${name} 扣减 ${quantityText(part.quantity)} ${unit}，${part.rows} 笔，${chinesePrice(part)}${amount}`;
}

function chinesePrice({ price }: FeePart): string {
  switch (price.kind) {
    case 'pack':
      return `按资源包价格（${formatMoney(price.amount, price.currency)}，共 ${quantityText(price.packUnits)} 单位）`;
    case 'credit':
      return `未填写资源包价格，按每积分 ${price.perCredit} ${price.currency}`;
    case 'money':
      return '按实际扣款';
    case 'foreign':
      return `币种为 ${price.currency}，未计入`;
    case 'none':
      return '无单价，未计入';
  }
}
