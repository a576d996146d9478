/** The code of the parts beside the data plane, loaded during a start. */

export type Watchers = Awaited<ReturnType<typeof loadWatchers>>;

/** Loads the code of the other parts, one after another, so that the store's order to open is sent in between. */
export async function loadWatchers() {
  const { AppAlerts } = await import('./alerts.ts');
  const { createAppJobs } = await import('./jobs.ts');
  const { createAppControl } = await import('./control.ts');
  return { AppAlerts, createAppJobs, createAppControl };
}
