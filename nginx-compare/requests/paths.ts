import {
  accept,
  type ComparedRequest,
  type Labels,
  message,
  noHarm,
  pushed,
  refuse,
  row,
} from './request.ts';

/** A push to a target that a client sends for real; it is to be stored under these labels. */
function honest(name: string, what: string, target: string, labels: Labels): ComparedRequest {
  return row(name, `${what}: \`${target}\``, message('PUT', target), accept(pushed(labels)));
}

/** A target that Pushgateway, or something on the way to it, may read as another team's. */
function foreign(name: string, target: string, method = 'PUT'): ComparedRequest {
  return row(name, `\`${method} ${shown(target)}\``, message(method, target), refuse);
}

/** A target whose reading is nobody's business as long as nothing breaks. */
function odd(name: string, what: string, target: string): ComparedRequest {
  return row(name, `${what}: \`${shown(target)}\``, message('PUT', target), noHarm);
}

function shown(target: string): string {
  return JSON.stringify(target).slice(1, -1).replaceAll('\\\\', '\\');
}

/** How is the path written? Every target is sent by `payments`. */
export const PATHS: readonly ComparedRequest[] = [
  honest('job-base64', 'the own job in base64', '/metrics/job@base64/c2V0dGxlbWVudA', {
    job: 'settlement',
  }),
  honest(
    'job-base64-padded',
    'the same with padding, as Python writes it',
    '/metrics/job@base64/c2V0dGxlbWVudA==',
    {
      job: 'settlement',
    },
  ),
  honest('job-base64-slash', 'a job with a slash', '/metrics/job@base64/cGF5bWVudHNfZXUvd2VzdA', {
    job: 'payments_eu/west',
  }),
  honest(
    'label-base64',
    'a path as label value',
    '/metrics/job/settlement/path@base64/L3Zhci90bXA',
    {
      job: 'settlement',
      path: '/var/tmp',
    },
  ),
  honest(
    'label-base64-utf8',
    'a path that is not ASCII',
    '/metrics/job/settlement/path@base64/L3Nydi9ncsO2w59l',
    {
      job: 'settlement',
      path: '/srv/größe',
    },
  ),
  honest(
    'label-colon',
    'an instance with its port',
    '/metrics/job/settlement/instance/10.0.0.1:9100',
    {
      job: 'settlement',
      instance: '10.0.0.1:9100',
    },
  ),
  honest(
    'label-colon-escaped',
    'the same, as Python and Node write it',
    '/metrics/job/settlement/instance/10.0.0.1%3A9100',
    {
      job: 'settlement',
      instance: '10.0.0.1:9100',
    },
  ),
  honest('label-space', 'a space', '/metrics/job/settlement/region/eu%20west', {
    job: 'settlement',
    region: 'eu west',
  }),
  honest('label-utf8', 'a name that is not ASCII', '/metrics/job/settlement/city/K%C3%B6ln', {
    job: 'settlement',
    city: 'Köln',
  }),
  honest('label-percent', 'a percent sign', '/metrics/job/settlement/share/50%25', {
    job: 'settlement',
    share: '50%',
  }),
  foreign('escaped-letter', '/metrics/job/%73earch_index/instance/a'),
  foreign('escaped-word', '/metrics/%6Aob/search_index/instance/a'),
  foreign('escaped-metrics', '/%6Detrics/job/search_index/instance/a'),
  foreign('escaped-slash', '/metrics%2Fjob%2Fsearch_index%2Finstance%2Fa'),
  foreign('escaped-slash-job', '/metrics/job%2Fsearch_index/instance/a'),
  foreign('escaped-slash-in-job', '/metrics/job/search_index%2Finstance%2Fa'),
  foreign('double-escape', '/metrics/job/%2573earch_index/instance/a'),
  foreign('foreign-base64', '/metrics/job@base64/c2VhcmNoX2luZGV4/instance/a'),
  foreign('escaped-at', '/metrics/job%40base64/c2VhcmNoX2luZGV4/instance/a'),
  foreign('base64-newline', '/metrics/job@base64/c2Vh%0AcmNoX2luZGV4/instance/a'),
  foreign('foreign-base64-delete', '/metrics/job@base64/c2VhcmNoX2luZGV4/instance/a', 'DELETE'),
  foreign('dot-segments', '/metrics/job/settlement/../search_index/instance/a'),
  foreign('escaped-dots', '/metrics/job/settlement/%2e%2e/search_index/instance/a'),
  foreign('half-escaped-dots', '/metrics/job/settlement/.%2E/search_index/instance/a'),
  foreign('dots-behind-escaped-slash', '/metrics/job/settlement%2F..%2Fsearch_index/instance/a'),
  foreign('dots-and-semicolon', '/metrics/job/settlement/..;/search_index/instance/a'),
  foreign('backslash-dots', '/metrics/job/settlement\\..\\search_index/instance/a'),
  foreign('two-slashes-first', '//metrics/job/search_index/instance/a'),
  foreign('two-slashes-inside', '/metrics/job//search_index/instance/a'),
  foreign('other-case-path', '/METRICS/job/search_index/instance/a'),
  foreign('absolute-form', 'http://push.example.com/metrics/job/search_index/instance/a'),
  foreign('fragment', '/metrics/job/settlement#/../search_index/instance/a', 'DELETE'),
  foreign('escaped-nul', '/metrics/job/search_index%00/instance/a'),
  foreign('overlong-slash', '/metrics/job/search_index%c0%afinstance/a'),
  odd('trailing-slash', 'a slash at the end', '/metrics/job/settlement/'),
  odd('query', 'a query', '/metrics/job/settlement?job=search_index'),
  odd(
    'empty-instance',
    'an empty label value beside the group without it',
    '/metrics/job/settlement/instance/',
  ),
  odd('empty-instance-base64', 'the same in base64', '/metrics/job/settlement/instance@base64/='),
  odd('job-not-utf8', 'a job that is not UTF-8', '/metrics/job/payments_%ff'),
  odd('label-not-utf8', 'a label value that is not UTF-8', '/metrics/job/settlement/zone/%ff'),
  odd('label-not-utf8-base64', 'the same in base64', '/metrics/job/settlement/zone@base64/_w'),
  odd(
    'job-not-utf8-base64',
    'a job that is not UTF-8, in base64',
    '/metrics/job@base64/cGF5bWVudHNf_w',
  ),
  odd('invalid-base64', 'what is no base64', '/metrics/job@base64/!!!'),
  odd('double-label', 'a label twice', '/metrics/job/settlement/zone/a/zone/b'),
  odd('reserved-label', 'a reserved label name', '/metrics/job/settlement/__name__/x'),
  odd(
    'escaped-reserved-label',
    'the same in the escaped form of names in UTF-8',
    '/metrics/job/settlement/U______name____/x',
  ),
];
