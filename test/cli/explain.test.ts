import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../support/run-cli.ts';
import { createScratch } from '../support/scratch.ts';

const CONFIG = `
upstream: { url: "http://127.0.0.1:9092/pg/" }
networks: { office: [10.0.0.0/8], all: [0.0.0.0/0] }
allow_networks: [all]
deny_networks: [192.0.2.0/24]
teams:
  payments:
    jobs: [settlement, "payments_*"]
    allow: [push, delete]
    labels: { env: [prod, "eu-*"] }
    require_labels: [instance]
    allow_networks: [office]
  prometheus: { jobs: ["*"], allow: [read] }
`;

const answers = [
  {
    name: 'an allowed push, step by step',
    args: ['payments', '--from', '10.1.2.3', 'PUT', '/metrics/job/payments_eu/instance/a%20b'],
    status: 0,
    stdout: `allow  gateway_network  allow_networks: 10.1.2.3
allow  endpoint         push
allow  target           job="payments_eu" instance="a b"
allow  permission       allow: push
allow  job              jobs[1] "payments_*"
allow  network          allow_networks: 10.1.2.3
allow  labels           no label is bound to values
allow  required_labels  require_labels: instance
allow  label_limits     2 of at most 32 labels
allow  upstream         PUT http://127.0.0.1:9092/pg/metrics/job/payments_eu/instance@base64/YSBi
ALLOW
`,
  },
  {
    name: 'an allowed scrape, and that no address was given',
    args: ['prometheus', 'GET', '/metrics?x=1'],
    status: 0,
    stdout: `skip   gateway_network  depends on the address: give --from
allow  endpoint         read
allow  permission       allow: read
allow  job              reads name no job
skip   network          depends on the address: give --from
allow  labels           no label is bound to values
allow  required_labels  only pushes must have labels
allow  label_limits     only pushes are limited
allow  upstream         GET http://127.0.0.1:9092/pg/metrics
ALLOW (networks were not looked at: give --from)
`,
  },
  {
    name: 'a job of another team',
    args: ['payments', '--from', '10.1.2.3', 'POST', '/metrics/job/billing/instance/a'],
    status: 3,
    stdout: `allow  gateway_network  allow_networks: 10.1.2.3
allow  endpoint         push
allow  target           job="billing" instance="a"
allow  permission       allow: push
deny   job              the credential may not use job "billing"; jobs it may use: settlement, payments_*
DENY: 403 job_not_allowed
`,
  },
  {
    name: 'a target that is not clear',
    args: ['payments', '--from', '10.1.2.3', 'PUT', '/metrics/job/settlement//'],
    status: 3,
    stdout: `allow  gateway_network  allow_networks: 10.1.2.3
allow  endpoint         push
deny   target           the path ends in a slash; leave out what stands behind the last value
DENY: 400 target_invalid
`,
  },
  {
    name: 'a label with a value that is not allowed',
    args: ['payments', 'DELETE', '/metrics/job/settlement/env/test'],
    status: 3,
    stdout: `skip   gateway_network  depends on the address: give --from
allow  endpoint         delete
allow  target           job="settlement" env="test"
allow  permission       allow: delete
allow  job              jobs[0] "settlement"
skip   network          depends on the address: give --from
deny   labels           label env may not be "test"; values it may have: prod, eu-*
DENY: 403 label_not_allowed
`,
  },
  {
    name: 'a network that the gateway denies',
    args: ['payments', '--from', '192.0.2.7', 'PUT', '/metrics/job/settlement'],
    status: 3,
    stdout: `deny   gateway_network  deny_networks: 192.0.2.7
DENY: 403 network_not_allowed
`,
  },
  {
    name: 'a network that the team is not in',
    args: ['payments', '--from', '203.0.113.9', 'PUT', '/metrics/job/settlement'],
    status: 3,
    stdout: `allow  gateway_network  allow_networks: 203.0.113.9
allow  endpoint         push
allow  target           job="settlement"
allow  permission       allow: push
allow  job              jobs[0] "settlement"
deny   network          the credential may not be used from 203.0.113.9
DENY: 403 network_not_allowed
`,
  },
  {
    name: 'a health probe, which no network and no permission is asked of',
    args: ['payments', '--from', '192.0.2.7', 'HEAD', '/-/ready'],
    status: 0,
    stdout: `allow  endpoint  open to everybody, from every network
ALLOW
`,
  },
  {
    name: 'a method that no health probe has',
    args: ['payments', 'POST', '/-/ready'],
    status: 3,
    stdout: `deny   endpoint  this path takes GET, HEAD
DENY: 405 method_not_allowed
`,
  },
  {
    name: 'a method that the path does not take',
    args: ['prometheus', 'PATCH', '/metrics/job/settlement'],
    status: 3,
    stdout: `skip   gateway_network  depends on the address: give --from
deny   endpoint         this path takes POST, PUT, DELETE
DENY: 405 method_not_allowed
`,
  },
];
for (const { name, args, status, stdout } of answers) {
  test(`explain shows ${name}`, async () => {
    await using scratch = await createScratch();
    const file = await scratch.write('pushwarden.yaml', CONFIG);
    const result = await runCli(['explain', '--config', file, '--team', ...args]);
    assert.deepEqual(result, { status, stdout, stderr: '' });
  });
}

test('explain --output json gives the same as data', async () => {
  await using scratch = await createScratch();
  const file = await scratch.write('pushwarden.yaml', CONFIG);
  const args = ['explain', '--config', file, '--team', 'prometheus', '--output', 'json'];
  const { status, stdout } = await runCli([...args, 'PUT', '/metrics/job/settlement']);
  assert.equal(status, 3);
  assert.deepEqual(JSON.parse(stdout), {
    decision: 'deny',
    reason: 'permission_missing',
    status: 403,
    steps: [
      {
        step: 'gateway_network',
        effect: 'skip',
        detail: 'depends on the address: give --from',
      },
      { step: 'endpoint', effect: 'allow', detail: 'push' },
      { step: 'target', effect: 'allow', detail: 'job="settlement"' },
      { step: 'permission', effect: 'deny', detail: 'the credential may not push; it may: read' },
    ],
  });
});

test('explain ends with status 2 for a team that is not there', async () => {
  await using scratch = await createScratch();
  const file = await scratch.write('pushwarden.yaml', CONFIG);
  const args = ['explain', '--config', file, '--team', 'nobody', 'GET', '/metrics'];
  assert.deepEqual(await runCli(args), {
    status: 2,
    stdout: '',
    stderr: 'pushwarden: there is no team "nobody"\n',
  });
});

test('explain ends with status 1 and the problems for a broken configuration', async () => {
  const args = ['explain', '--config', 'nowhere.yaml', '--team', 'a', 'GET', '/metrics'];
  assert.deepEqual(await runCli(args), {
    status: 1,
    stdout: '',
    stderr: 'nowhere.yaml:1:1: cannot read the file: no such file\n',
  });
});
