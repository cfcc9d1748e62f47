import { pino, stdSerializers, stdTimeFunctions } from 'pino';
import type { OperationalLog } from '../pipeline/ports.ts';
import { createLineSink } from './line-sink.ts';

/** What is logged from; `warn` leaves the usual news out. */
type Level = 'info' | 'warn';

/**
 * Creates the log for the operator: JSON lines on stderr, all of them written before the process
 * ends. Where nobody reads them, or their disk is full, lines are lost and the gateway goes on.
 */
export function createOperationalLog(level: Level = 'info'): OperationalLog {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.err },
    },
    createLineSink(process.stderr.fd),
  );
  return {
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  };
}
