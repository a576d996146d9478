/** One section of the config as its folder declares it. */
import type { z } from 'zod';

export interface ConfigSection<Schema extends z.ZodType, Others, Ready> {
  /** What a file may hold, with defaults and descriptions. */
  readonly schema: Schema;
  /** Makes the section's paths absolute; left out where it has none. */
  withPaths?(section: z.output<Schema>, absolute: (path: string) => string): z.output<Schema>;
  /** Makes the section ready for use; `others` are the other sections' values and what the loader adds to them. */
  toConfig(section: z.output<Schema>, others: Others): Ready;
}

/** Declares a section that is used in another form than it is written. */
export function configSection<Schema extends z.ZodType, Others, Ready>(
  section: ConfigSection<Schema, Others, Ready>,
): ConfigSection<Schema, Others, Ready> {
  return section;
}

/** Declares a section that is used as it is written. */
export function plainSection<Schema extends z.ZodType>(
  schema: Schema,
  withPaths?: ConfigSection<Schema, unknown, z.output<Schema>>['withPaths'],
): ConfigSection<Schema, unknown, z.output<Schema>> {
  return { schema, ...(withPaths && { withPaths }), toConfig: (section) => section };
}
