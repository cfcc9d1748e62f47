import {
  accept,
  type ComparedRequest,
  message,
  noHarm,
  pushed,
  refuse,
  row,
  SEEDS,
} from './request.ts';

const SEARCH = SEEDS.search.target;
const ADDED = ['payments_pushed', 'payments_rows'];

const NIGHTLY = message('PUT', '/metrics/job/nightly', { as: 'nightly', body: 'nightly_rows 1\n' });

/** A push by `search` to a job of its own. */
function bySearch(method: string, target: string, headers: readonly string[] = []): Buffer {
  return message(method, target, { as: 'search', headers, body: 'search_pushed 1\n' });
}

/** May they do that there? */
export const AUTHORIZATION_ROWS: readonly ComparedRequest[] = [
  row(
    'own-post',
    'POST adds to the own group',
    message('POST', '/metrics/job/settlement'),
    accept(pushed({ job: 'settlement' }, ADDED)),
  ),
  row(
    'own-labels',
    'an own job with labels',
    message('PUT', '/metrics/job/settlement/instance/host-1/shard/2'),
    accept(pushed({ job: 'settlement', instance: 'host-1', shard: '2' })),
  ),
  row(
    'own-pattern',
    'a job that the pattern `payments_*` covers',
    message('PUT', '/metrics/job/payments_daily'),
    accept(pushed({ job: 'payments_daily' })),
  ),
  row('own-delete', 'DELETE of the own group', message('DELETE', '/metrics/job/settlement'), {
    effect: 'delete',
    labels: { job: 'settlement' },
  }),
  row(
    'other-team-pushes',
    'another team pushes to a job of its own',
    bySearch('PUT', '/metrics/job/search_index/instance/b'),
    accept(pushed({ job: 'search_index', instance: 'b' }, ['search_pushed'])),
  ),
  row('foreign-put', 'PUT to a group of another team', message('PUT', SEARCH), refuse),
  row('foreign-post', 'POST to a group of another team', message('POST', SEARCH), refuse),
  row('foreign-delete', 'DELETE of a group of another team', message('DELETE', SEARCH), refuse),
  row('unowned-job', 'a job of nobody', message('PUT', '/metrics/job/backup'), refuse),
  row(
    'longer-job',
    '`settlements` for `settlement`',
    message('PUT', '/metrics/job/settlements'),
    refuse,
  ),
  row(
    'prefix-of-pattern',
    '`payments` for `payments_*`',
    message('PUT', '/metrics/job/payments'),
    refuse,
  ),
  row(
    'job-in-other-case',
    '`Settlement` for `settlement`',
    message('PUT', '/metrics/job/Settlement'),
    refuse,
  ),
  row(
    'delete-not-granted',
    'DELETE by a team that may only push',
    bySearch('DELETE', SEARCH),
    refuse,
  ),
  row(
    'method-override',
    'a push with `X-HTTP-Method-Override: DELETE`',
    bySearch('POST', '/metrics/job/search_index/instance/b', ['X-HTTP-Method-Override: DELETE']),
    accept(pushed({ job: 'search_index', instance: 'b' }, ['search_pushed'])),
  ),
  row(
    'reader-pushes',
    'a push by who may only read',
    message('PUT', '/metrics/job/settlement', { as: 'prometheus' }),
    refuse,
  ),
  row(
    'job-among-labels',
    'a second `job` among the labels',
    message('PUT', '/metrics/job/settlement/job/search_index'),
    noHarm,
  ),
  row(
    'cross-site',
    'a push by a page of another site, the browser knows the password',
    message('POST', '/metrics/job/settlement', {
      headers: ['Origin: https://evil.example', 'Sec-Fetch-Site: cross-site'],
    }),
    refuse,
  ),
  row(
    'rate',
    '15 pushes at once where 5 and 1/s are allowed',
    NIGHTLY,
    { effect: 'throttle', most: 8 },
    { sends: Array.from({ length: 15 }, () => NIGHTLY) },
  ),
];
