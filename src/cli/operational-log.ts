import { destination, pino, stdSerializers, stdTimeFunctions } from 'pino';
import type { OperationalLog } from '../pipeline/ports.ts';

/** What is logged from; `warn` leaves the usual news out. */
type Level = 'info' | 'warn';

/** Bytes of lines that may wait for whoever reads stderr; what comes beyond is lost. */
const MAX_WAITING_BYTES = 1024 * 1024;

/**
 * Creates the log for the operator: JSON lines on stderr, all of them written before the process
 * ends. Where nobody reads them, or their disk is full, lines are lost and the gateway goes on.
 */
export function createOperationalLog(level: Level = 'info'): OperationalLog {
  const { fd } = process.stderr;
  const stderr = destination({ fd, sync: false, maxLength: MAX_WAITING_BYTES });
  stderr.on('error', () => undefined);
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
