import {
  accept,
  basic,
  type ComparedRequest,
  message,
  OTHER_OFFICE,
  pushed,
  refuse,
  row,
} from './request.ts';

const OWN = '/metrics/job/settlement';
const FOREIGN = '/metrics/job/search_index/instance/a';
const STORED = accept(pushed({ job: 'settlement' }));

/** A push with exactly this `Authorization`. */
function withHeader(authorization: string, target = OWN): Buffer {
  return message('PUT', target, { as: 'nobody', headers: [`Authorization: ${authorization}`] });
}

const WRONG_PASSWORD = withHeader(basic('payments', 'guess'));
const [, PASSWORD_BASE64 = ''] = basic('payments', 'payments-password').split(' ');

/** Who is it? */
export const AUTHENTICATION: readonly ComparedRequest[] = [
  row('own-push', 'a push with the right password', message('PUT', OWN), STORED),
  row('token', 'a push with the token', message('PUT', OWN, { as: 'ci' }), STORED),
  row('lower-case-scheme', '`basic` in lower case', withHeader(`basic ${PASSWORD_BASE64}`), STORED),
  row(
    'no-credential',
    'a push without a credential',
    message('PUT', OWN, { as: 'nobody' }),
    refuse,
  ),
  row('wrong-password', 'a wrong password', WRONG_PASSWORD, refuse),
  row('empty-password', 'an empty password', withHeader(basic('payments', '')), refuse),
  row(
    'password-of-another',
    'the password of another team',
    withHeader(basic('payments', 'search-password')),
    refuse,
  ),
  row('unknown-user', 'an unknown user', withHeader(basic('root', 'payments-password')), refuse),
  row(
    'user-in-other-case',
    '`Payments` for `payments`',
    withHeader(basic('Payments', 'payments-password')),
    refuse,
  ),
  row(
    'token-in-other-case',
    'the token in capitals',
    withHeader('Bearer PWT_PAYMENTS-CI-TOKEN-OF-THE-COMPARISON'),
    refuse,
  ),
  row(
    'two-credentials',
    'two `Authorization` headers, the one of the owner second',
    message('PUT', FOREIGN, {
      headers: [`Authorization: ${basic('search', 'search-password')}`],
    }),
    refuse,
  ),
  row(
    'user-header',
    'a user name in `X-Forwarded-User` and `Remote-User`',
    message('PUT', OWN, {
      as: 'nobody',
      headers: ['X-Forwarded-User: payments', 'Remote-User: payments'],
    }),
    refuse,
  ),
  row(
    'anonymous-read',
    'a scrape without a credential',
    message('GET', '/metrics', { as: 'nobody' }),
    refuse,
  ),
  row(
    'guesses-lock-nobody-out',
    'a push after 40 wrong passwords for its user from another address',
    message('PUT', OWN),
    STORED,
    { before: Array.from({ length: 40 }, () => ({ from: OTHER_OFFICE, send: WRONG_PASSWORD })) },
  ),
];
