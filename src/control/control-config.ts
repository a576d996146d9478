/** The config sections of the control plane: `control` and `probes`. */
import { z } from 'zod';
import { allowedHosts, bindHost, port } from '../fields.ts';

export const controlSection = z
  .strictObject({
    host: bindHost.default('127.0.0.1').describe('Beyond loopback, reads ask for the control token too.'),
    port: port.default(5565),
    allowedHosts,
  })
  .prefault({});

export type ControlConfig = z.output<typeof controlSection>;

export const probesSection = z
  .strictObject({ host: bindHost.default('127.0.0.1'), port })
  .nullable()
  .default(null)
  .describe('/livez, /readyz and /metrics alone on a port of their own.');

export type ProbesConfig = z.output<typeof probesSection>;
