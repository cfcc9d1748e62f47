import type { StoreStatus } from '../core/store/store-status.ts';
import type { OperationalLog } from '../pipeline/ports.ts';

/** Says what it costs when Pushgateway checks once more. */
export function tellChecks({ checksConsistency }: StoreStatus, log: OperationalLog): void {
  if (!checksConsistency) return;
  log.info('upstream_checks_too', {
    why: 'Pushgateway goes through all that it stores at every push; the gateway has checked it',
    fix: 'start it with --push.disable-consistency-check, which is safe behind the gateway',
  });
}
