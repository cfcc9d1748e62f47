import { allow, type Decision, deny } from '../decision.ts';
import type { TeamPolicy } from './policy.ts';

/**
 * Decides about a push without one series: an empty PUT is a DELETE to Pushgateway, an empty POST
 * only touches the group. Most are a job that failed to measure. Ends in `body_invalid` or, for a
 * PUT of a team that may not delete, in `permission_missing`.
 * @see Pushgateway `storage/diskmetricstore.go`, `processWriteRequest`
 */
export function checkEmptyPush(
  method: string,
  { actions, emptyPushes }: Pick<TeamPolicy, 'actions' | 'emptyPushes'>,
): Decision<undefined> {
  if (emptyPushes === 'deny') {
    return deny('body_invalid', {
      detail: 'the push has no series',
      hints: [
        'did the command fail that makes the body? to delete the group, send DELETE',
        'an operator can allow it: empty_pushes: allow',
      ],
    });
  }
  if (method !== 'PUT' || actions.has('delete')) return allow(undefined);
  return deny('permission_missing', {
    detail: 'a PUT without series deletes the group, and the credential may not delete',
    isFirm: true,
  });
}
