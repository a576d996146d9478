/** Words in English: the page *Spending*. */
export const SPENDING = {
  spending: {
    title: 'Spending',
    empty: 'Nothing was spent in this month. Send a create through the sidecar, or choose another month.',
    month: 'Month',
    zone: 'Time zone',
    by: 'By',
    tasks: 'Creates',
    settled: 'Settled',
    held: 'Held',
    total: 'Total',
    csv: 'Download as CSV',
    packs: 'Packs',
    noPacks: 'Kling lists no pack, or the account was not read yet.',
    pack: 'Pack',
    left: 'Units left',
    perDay: 'Units a day',
    daysLeft: 'Days left',
    expires: 'Expires',
    unused: 'Will expire unused',
    chart: 'Credits of each day',
    others: 'others',
    soFar: 'Credits of the month so far',
    estimated: 'Estimated',
    difference: 'Difference',
    cost: 'Cost',
    estimateNote:
      'Estimated is what was held for the creates that have ended, settled is what Kling deducted for them. A failed task usually costs nothing.',
    more: (count: number): string => `${count} more rows; the CSV has all.`,
    limitDrawn: (name: string, credits: string, share: string): string =>
      `Dashed: the limit of ${name}, ${credits} credits; ${share} of it was used at most.`,
    limitAbove: (name: string, credits: string, share: string): string =>
      `The limit of ${name}, ${credits} credits, is far above the bars: ${share} of it was used at most.`,
    limitChanged: (name: string): string => `In this month the limit of ${name} was set or changed.`,
    limitLater: (name: string, added: string): string =>
      `The limit of ${name} is not drawn: it was added at ${added}, after this month.`,
    inZone: (name: string, zone: string): string =>
      `The limit of ${name} is for ${zone}: show this month there`,
    unknownZone: (name: string, zone: string): string =>
      `“${name}” is no time zone such as Asia/Shanghai: this is shown in ${zone}.`,
    ofUnits: 'Of',
    lasts: (product: string): string => `All packs for ${product}s last, in days`,
    readAt: (time: string): string => `As Kling listed them at ${time}; its list may be twelve hours behind.`,
    readProblem: 'The last read of the account failed: ',
    keys: {
      day: 'day',
      app: 'app',
      model: 'model',
      operation: 'operation',
      mode: 'mode',
      tag: 'tag',
      month: 'month',
    },
  },
};
