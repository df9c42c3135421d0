import { AppError } from '../../errors.js';
import type { FlagValues } from './flag-table.js';

/** Throws USAGE where two services of the server were given one port; 0, any free one, is nobody's. */
export function refuseSharedPorts(values: FlagValues): void {
  const flags = new Map<number, string>();
  for (const [flag, port] of [
    ['--port', values.port],
    ['--management-port', values.managementPort],
    ['--metrics-port', values.metricsPort],
    ['--health-port', values.healthPort],
    ['--grpc-port', values.grpcPort],
  ] as const) {
    if (port === undefined || port === 0) continue;
    const other = flags.get(port);
    if (other !== undefined)
      throw new AppError('USAGE', `${other} and ${flag} are both ${port}: give each a port of its own.`);
    flags.set(port, flag);
  }
}
