import {
  ABROAD,
  accept,
  type ComparedRequest,
  type Intent,
  LOAD_BALANCER,
  message,
  OFFICE,
  pushed,
  refuse,
  row,
} from './request.ts';

const STORED = accept(pushed({ job: 'settlement' }));

/** A push from an address, with more headers. */
function from(
  address: string,
  name: string,
  what: string,
  headers: readonly string[],
  intent: Intent,
): ComparedRequest {
  return row(name, what, message('PUT', '/metrics/job/settlement', { headers }), intent, {
    from: address,
  });
}

/** Where does it come from? `127.0.1.0/26` may push; `127.0.2.1` may say for whom it speaks. */
export const NETWORKS: readonly ComparedRequest[] = [
  from(ABROAD, 'outside', 'from an address that is not allowed', [], refuse),
  from(
    ABROAD,
    'forged-forwarded-for',
    'the same, with a forged `X-Forwarded-For`',
    [`X-Forwarded-For: ${OFFICE}`],
    refuse,
  ),
  from(
    ABROAD,
    'forged-real-ip',
    'the same, with `X-Real-IP` and `Forwarded`',
    [`X-Real-IP: ${OFFICE}`, `Forwarded: for=${OFFICE}`],
    refuse,
  ),
  from(
    OFFICE,
    'ignored-forwarded-for',
    'from the office, with an `X-Forwarded-For` that says otherwise',
    [`X-Forwarded-For: ${ABROAD}`],
    STORED,
  ),
  from(
    LOAD_BALANCER,
    'load-balancer',
    'through the load balancer, for the office',
    [`X-Forwarded-For: ${OFFICE}`],
    STORED,
  ),
  from(
    LOAD_BALANCER,
    'load-balancer-outside',
    'through the load balancer, for an address that is not allowed',
    [`X-Forwarded-For: ${ABROAD}`],
    refuse,
  ),
  from(
    LOAD_BALANCER,
    'load-balancer-forged',
    'the same, with a forged address before it',
    [`X-Forwarded-For: ${OFFICE}, ${ABROAD}`],
    refuse,
  ),
  from(
    LOAD_BALANCER,
    'load-balancer-forged-line',
    'the same, in a header line of its own',
    [`X-Forwarded-For: ${OFFICE}`, `X-Forwarded-For: ${ABROAD}`],
    refuse,
  ),
  from(
    LOAD_BALANCER,
    'load-balancer-nonsense',
    'through the load balancer, for what is no address',
    ['X-Forwarded-For: unknown'],
    refuse,
  ),
  from(LOAD_BALANCER, 'load-balancer-silent', 'through the load balancer, for nobody', [], refuse),
];
