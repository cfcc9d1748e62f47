import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Service } from 'kubernetes-models/v1';
import { parse } from 'yaml';
import { renderPrometheusRule } from '../../deploy/kubernetes/prometheus-rule.ts';
import { ROOT, readProjectFile } from '../docs/markdown.ts';
import { findProgram, missingPrograms } from '../support/program.ts';
import {
  assertConfigured,
  assertTaken,
  assertUnprivileged,
  find,
  type KubernetesObject,
  namesOf,
  parseObjects,
} from './kubernetes-objects.ts';

const FOLDER = 'deploy/kubernetes/';

/** With kustomize 5.5 and 5.7. */
const KUBECTLS = ['kubectl-1.32', 'kubectl-1.35'] as const;

function render(
  path: string,
  kubectl: (typeof KUBECTLS)[number] = 'kubectl-1.32',
): readonly KubernetesObject[] {
  const args = ['kustomize', `${ROOT}${FOLDER}${path}`];
  const { stdout, stderr } = spawnSync(findProgram(kubectl) ?? '', args, { encoding: 'utf8' });
  assert.equal(stderr, '');
  return parseObjects(stdout);
}

const skip = missingPrograms(['kubectl-1.32']);
const everything = [
  'ConfigMap/pushwarden',
  'NetworkPolicy/pushgateway',
  'NetworkPolicy/pushwarden',
  'PodDisruptionBudget/pushwarden',
  'PrometheusRule/pushwarden',
  'Service/pushgateway',
  'Service/pushwarden',
  'ServiceMonitor/pushwarden',
  'ServiceMonitor/pushwarden-pushed',
  'StatefulSet/pushgateway',
  'StatefulSet/pushwarden',
];
const variants = {
  base: everything,
  'overlays/several': [
    ...everything,
    'Deployment/valkey',
    'NetworkPolicy/valkey',
    'Service/valkey',
  ].sort(),
  'overlays/tls': ['Certificate/pushwarden', ...everything],
  'overlays/sidecar': everything.filter((name) => !name.endsWith('/pushgateway')),
} as const;

for (const [path, expected] of Object.entries(variants)) {
  test(`${path} renders objects that the API takes`, { skip }, () => {
    const objects = render(path);
    assert.deepEqual(namesOf(objects), expected);
    assertTaken(objects);
  });

  test(`a new kubectl renders ${path} as an old one does`, {
    skip: missingPrograms(KUBECTLS),
  }, () => {
    const byName = (objects: readonly KubernetesObject[]) =>
      Object.fromEntries(
        objects.map(({ metadata: { annotations = {}, ...metadata }, ...rest }) => [
          `${rest.kind}/${metadata.name}`,
          { ...rest, annotations, metadata },
        ]),
      );
    assert.deepEqual(byName(render(path, 'kubectl-1.35')), byName(render(path)));
  });

  test(`no container of ${path} runs as root, writes to its root, or has a capability`, {
    skip,
  }, () => {
    assertUnprivileged(render(path));
  });

  test(`the configuration of ${path} is one that the gateway takes, and fits its pod`, {
    skip,
  }, async () => {
    const objects = render(path);
    await assertConfigured(objects, 'pushwarden');
    const config = parse(find(objects, 'ConfigMap', 'pushwarden').data['pushwarden.yaml']);
    assert.equal(config.tls !== undefined, path === 'overlays/tls');
  });
}

test('schemas refuse what the API does not know', () => {
  const service = new Service({ spec: { ports: [{ port: 'many' }] } } as never); // wrong on purpose
  assert.throws(() => service.validate());
});

test('only the gateway gets to Pushgateway, which gets nowhere', { skip }, () => {
  const { spec } = find(render('base'), 'NetworkPolicy', 'pushgateway');
  const [rule, ...more] = spec.ingress;
  assert.deepEqual(more, []);
  assert.deepEqual(rule.from, [
    { podSelector: { matchLabels: { 'app.kubernetes.io/name': 'pushwarden' } } },
  ]);
  assert.deepEqual(spec.policyTypes, ['Ingress', 'Egress']);
  assert.deepEqual(spec.egress, []);
});

test('several gateways share their state in a Valkey that forgets nothing and keeps nothing', {
  skip,
}, () => {
  const objects = render('overlays/several');
  const { spec } = find(objects, 'StatefulSet', 'pushwarden');
  assert.equal(spec.replicas, 3);
  const [gateway] = spec.template.spec.containers;
  assert.deepEqual(gateway.args.slice(-2), ['--instance', '$(POD_NAME)']);
  assert.ok(gateway.env.some(({ name }: { name: string }) => name === 'POD_NAME'));
  const valkey = find(objects, 'Deployment', 'valkey').spec;
  assert.deepEqual([valkey.replicas, valkey.strategy.type], [1, 'Recreate']);
  const [{ args, ports }] = valkey.template.spec.containers;
  const after = (flag: string) => args[args.indexOf(flag) + 1];
  assert.equal(after('--maxmemory-policy'), 'noeviction');
  assert.deepEqual([after('--save'), after('--appendonly')], ['', 'no']);
  const { 'pushwarden.yaml': text } = find(objects, 'ConfigMap', 'pushwarden').data;
  const { state } = parse(text);
  assert.equal(new URL(state.url).host, `valkey:${ports[0].containerPort}`);
  assert.match(state.password.file, /^\/etc\/pushwarden-secrets\//);
  const [rule] = find(objects, 'NetworkPolicy', 'valkey').spec.ingress;
  assert.deepEqual(rule.from, [
    { podSelector: { matchLabels: { 'app.kubernetes.io/name': 'pushwarden' } } },
  ]);
});

test('Pushgateway as a sidecar listens on loopback, where the gateway looks for it', {
  skip,
}, () => {
  const objects = render('overlays/sidecar');
  const { containers } = find(objects, 'StatefulSet', 'pushwarden').spec.template.spec;
  const { args } = containers.find(({ name }: { name: string }) => name === 'pushgateway');
  const { 'pushwarden.yaml': text } = find(objects, 'ConfigMap', 'pushwarden').data;
  assert.ok(args.includes(`--web.listen-address=${new URL(parse(text).upstream.url).host}`));
});

test('what was pushed is scraped with its own job and instance', { skip }, () => {
  const [endpoint] = find(render('base'), 'ServiceMonitor', 'pushwarden-pushed').spec.endpoints;
  assert.equal(endpoint.honorLabels, true);
});

test('the rules are what "npm run rules" writes', () => {
  const rules = readProjectFile('deploy/prometheus/rules.yml');
  assert.deepEqual(
    parse(readProjectFile(`${FOLDER}monitoring/prometheus-rule.yaml`)),
    renderPrometheusRule(rules),
  );
  assert.equal(readProjectFile('deploy/helm/pushwarden/files/rules.yml'), rules);
});
