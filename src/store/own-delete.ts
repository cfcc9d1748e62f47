import type { GroupId } from '../core/store/group.ts';
import type { UpstreamRequest } from '../pipeline/ports/upstream.ts';
import type { Clock } from '../pipeline/ports.ts';

/** Why a run of the gateway's own does nothing where it cannot. */
export const AWAY = 'Pushgateway is away, or could not be read';

/** What the gateway needs to delete a group by itself. */
interface Way {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly timeoutMs: number;
}

/** Renders the DELETE of a group that nobody but the gateway itself asks for. */
export function renderOwnDelete(
  { clock, timeoutMs }: Way,
  path: GroupId,
  requestId: string,
): UpstreamRequest {
  const deadline = clock.monotonic() + timeoutMs;
  return { method: 'DELETE', path, contentType: undefined, body: undefined, requestId, deadline };
}
