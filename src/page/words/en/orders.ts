/** Words in English: orders. */
export const ORDERS = {
  orders: {
    reason: 'Reason',
    source: 'Source',
    raise: 'Raise',
    byCredits: 'By credits',
    until: 'Until (day, UTC)',
    silence: 'Silence a rule',
    silenceFor: 'For (such as 2h)',
    rule: 'Rule',
    end: 'End the silence',
    actor: 'Your name',
    done: 'Done.',
    freeze: 'Freeze spending',
    unfreeze: 'Resume spending',
    frozenBy: (actor: string, since: string, reason: string): string =>
      `By ${actor}, since ${since}: ${reason}`,
    open: 'Orders',
  },
};
