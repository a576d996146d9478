/**
 * Names in a config for features that this version does not have.
 *
 * A new feature deletes its line here.
 */
/** Sections that do not exist yet, by name. */
export const ABSENT_SECTIONS: Readonly<Record<string, string | undefined>> = {
  results: 'keeping results',
};
