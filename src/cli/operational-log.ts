import { destination, pino, stdSerializers, stdTimeFunctions } from 'pino';
import type { OperationalLog } from '../pipeline/ports.ts';

/** What is logged from; `warn` leaves the usual news out. */
type Level = 'info' | 'warn';

/** Creates the log for the operator: JSON lines on stderr, each written before the call returns. */
export function createOperationalLog(level: Level = 'info'): OperationalLog {
  const stderr = destination({ fd: process.stderr.fd, sync: true });
  const logger = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.err },
    },
    stderr,
  );
  return {
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  };
}
