/** The config sections of the control plane: `control` and `probes`. */
import { z } from 'zod';
import { configSection } from '../config-section.ts';
import { allowedHosts, bindHosts, hostList, port } from '../fields.ts';

export const controlSection = z
  .strictObject({
    host: bindHosts.describe(
      'An address or a list of addresses; beyond loopback, reads ask for the control token too.',
    ),
    port: port.default(5565),
    allowedHosts,
  })
  .prefault({});

/** A section whose addresses are a list, whichever way they were written. */
export type WithHosts<Section> = Omit<Section, 'host'> & { hosts: readonly string[] };

export type ControlConfig = WithHosts<z.output<typeof controlSection>>;

export const probesSection = z
  .strictObject({ host: bindHosts, port })
  .nullable()
  .default(null)
  .describe('/livez, /readyz and /metrics alone on a port of their own.');

export type ProbesConfig = WithHosts<NonNullable<z.output<typeof probesSection>>> | null;

export function toControlConfig({ host, ...rest }: z.output<typeof controlSection>): ControlConfig {
  return { ...rest, hosts: hostList(host) };
}

export function toProbesConfig(section: z.output<typeof probesSection>): ProbesConfig {
  return section === null ? null : { port: section.port, hosts: hostList(section.host) };
}

export const controlConfig = configSection({ schema: controlSection, toConfig: toControlConfig });
export const probesConfig = configSection({ schema: probesSection, toConfig: toProbesConfig });
