import { type ComparedRequest, message, noHarm, refuse, row } from './request.ts';

const OWN = '/metrics/job/settlement';
const JOINED = '/api/v1/admin/wipe';

function as(sender: 'payments' | 'prometheus', method: string, target: string): Buffer {
  return message(method, target, { as: sender });
}

/** Another method than a push or a delete. */
export const METHODS: readonly ComparedRequest[] = [
  row('get-push-path', 'GET of a push path', as('payments', 'GET', OWN), refuse),
  row('head-push-path', 'HEAD of a push path', as('payments', 'HEAD', OWN), refuse),
  row('patch', 'PATCH', as('payments', 'PATCH', OWN), refuse),
  row('trace', 'TRACE', as('payments', 'TRACE', OWN), refuse),
  row('options', 'OPTIONS of a push path', as('payments', 'OPTIONS', OWN), noHarm),
  row('lower-case-method', '`put` in lower case', as('payments', 'put', OWN), refuse),
  row('connect', 'CONNECT to the Pushgateway', as('payments', 'CONNECT', '127.0.0.1:9092'), refuse),
  row('put-metrics', 'PUT of `/metrics`', as('payments', 'PUT', '/metrics'), refuse),
];

/** What Pushgateway has beside pushes. Its admin and lifecycle API are switched on. */
export const ADMINISTRATION: readonly ComparedRequest[] = [
  row('wipe', 'the store is wiped', as('payments', 'PUT', JOINED), refuse),
  row('wipe-post', 'the same by POST', as('payments', 'POST', JOINED), refuse),
  row(
    'wipe-escaped',
    'the same, a letter escaped',
    as('payments', 'PUT', '/api/v1/%61dmin/wipe'),
    refuse,
  ),
  row(
    'wipe-escaped-slash',
    'the same, a slash escaped',
    as('payments', 'PUT', '/api/v1/admin%2Fwipe'),
    refuse,
  ),
  row(
    'wipe-behind-push',
    'the same, behind a push path and dot segments',
    as('payments', 'PUT', `${OWN}/../../..${JOINED}`),
    refuse,
  ),
  row('wipe-by-reader', 'the same by who may only read', as('prometheus', 'PUT', JOINED), refuse),
  row('quit', 'Pushgateway is asked to end', as('payments', 'PUT', '/-/quit'), refuse),
  row('quit-escaped', 'the same, a letter escaped', as('payments', 'PUT', '/-/%71uit'), refuse),
  row(
    'pprof',
    'the command line of Pushgateway',
    as('payments', 'GET', '/debug/pprof/cmdline'),
    refuse,
  ),
  row('page', 'the page with every group', as('payments', 'GET', '/'), refuse),
  row('status-page', 'the status page with every flag', as('payments', 'GET', '/status'), refuse),
  row(
    'api-read',
    'every group, by who may only push',
    as('payments', 'GET', '/api/v1/metrics'),
    refuse,
  ),
  row(
    'scrape-by-team',
    'the scrape, by who may only push',
    as('payments', 'GET', '/metrics'),
    refuse,
  ),
  row('scrape', 'the scrape, by Prometheus', as('prometheus', 'GET', '/metrics'), {
    effect: 'read',
    shows: 'search_docs',
  }),
  row('api', 'every group, by Prometheus', as('prometheus', 'GET', '/api/v1/metrics'), {
    effect: 'read',
    shows: 'search_docs',
  }),
  row(
    'healthy',
    'the health check of a load balancer, without a credential',
    message('GET', '/-/healthy', { as: 'nobody' }),
    {
      effect: 'read',
      shows: '',
    },
    { from: '127.0.3.1' },
  ),
];
