/** Words in English: alerts and audit. */
export const WATCH = {
  alerts: {
    title: 'Alerts',
    empty: 'No alert yet.',
    rule: 'Rule',
    severity: 'Severity',
    what: 'What',
    began: 'Began',
    ended: 'Ended',
  },
  audit: {
    title: 'Audit',
    empty: 'Nobody has changed anything yet.',
    at: 'Time',
    actor: 'Who',
    action: 'What',
    subject: 'Of what',
    before: 'Before',
    after: 'After',
    reason: 'Why',
  },
};
