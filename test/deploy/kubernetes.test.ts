import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { Certificate } from '@kubernetes-models/cert-manager/cert-manager.io/v1';
import {
  PrometheusRule,
  ServiceMonitor,
} from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { StatefulSet } from 'kubernetes-models/apps/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Service } from 'kubernetes-models/v1';
import { parse, parseAllDocuments } from 'yaml';
import { renderPrometheusRule } from '../../deploy/kubernetes/prometheus-rule.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ROOT, readProjectFile } from '../docs/markdown.ts';
import { findProgram, missingPrograms } from '../support/program.ts';
import { createScratch } from '../support/scratch.ts';

const FOLDER = 'deploy/kubernetes/';

/** What may be rendered, by the schemas of its API. */
const KINDS = {
  Certificate,
  ConfigMap,
  NetworkPolicy,
  PodDisruptionBudget,
  PrometheusRule,
  Service,
  ServiceMonitor,
  StatefulSet,
} as const;

// biome-ignore lint/suspicious/noExplicitAny: any object of Kubernetes; its schema is held to below
type KubernetesObject = any;

function render(path: string): readonly KubernetesObject[] {
  const kubectl = findProgram('kubectl-1.20') ?? '';
  const text = execFileSync(kubectl, ['kustomize', `${ROOT}${FOLDER}${path}`], {
    encoding: 'utf8',
  });
  return parseAllDocuments(text).map((document) => document.toJS());
}

function find(objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject {
  const found = objects.find((one) => one.kind === kind && one.metadata.name === name);
  assert.ok(found, `${kind} ${name}`);
  return found;
}

const skip = missingPrograms(['kubectl-1.20']);
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
  'overlays/several': everything,
  'overlays/tls': ['Certificate/pushwarden', ...everything],
  'overlays/sidecar': everything.filter((name) => !name.endsWith('/pushgateway')),
} as const;

for (const [path, expected] of Object.entries(variants)) {
  test(`${path} renders objects that the API takes`, { skip }, () => {
    const objects = render(path);
    assert.deepEqual(
      objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort(),
      expected,
    );
    for (const object of objects) {
      const model = KINDS[object.kind as keyof typeof KINDS]; // one of the names above
      assert.equal(object.apiVersion, model.apiVersion);
      new model(object).validate();
    }
  });

  test(`no container of ${path} runs as root, writes to its root, or has a capability`, {
    skip,
  }, () => {
    const pods = render(path).flatMap(({ spec }) => spec?.template?.spec ?? []);
    for (const { securityContext, containers, automountServiceAccountToken } of pods) {
      assert.equal(securityContext.runAsNonRoot, true);
      assert.equal(automountServiceAccountToken, false);
      for (const container of containers) {
        assert.equal(container.securityContext.readOnlyRootFilesystem, true);
        assert.equal(container.securityContext.allowPrivilegeEscalation, false);
        assert.deepEqual(container.securityContext.capabilities, { drop: ['ALL'] });
        assert.match(container.image, /:v?\d+\.\d+\.\d+$/);
      }
    }
  });

  test(`the configuration of ${path} is one that the gateway takes, and fits its pod`, {
    skip,
  }, async () => {
    const objects = render(path);
    await using scratch = await createScratch();
    const { 'pushwarden.yaml': text } = find(objects, 'ConfigMap', 'pushwarden').data;
    const config = parse(text);
    const { tls, ...rest } = config;
    const file = await scratch.write('pushwarden.yaml', JSON.stringify(rest));
    const loaded = await loadConfig(file, { now: 0, readsSecrets: false });
    assert.ok(loaded.ok);
    const { spec } = find(objects, 'StatefulSet', 'pushwarden').spec.template;
    const gateway = spec.containers.find(({ name }: { name: string }) => name === 'pushwarden');
    const mounts: readonly { mountPath: string }[] = gateway.volumeMounts;
    const isMounted = (path_: string): boolean =>
      mounts.some(({ mountPath }) => path_.startsWith(`${mountPath}/`));
    assert.ok(isMounted(config.audit.file));
    assert.equal(path === 'overlays/tls', tls !== undefined);
    assert.ok(Object.values<string>(tls ?? {}).every(isMounted));
    for (const probe of [gateway.startupProbe, gateway.livenessProbe, gateway.readinessProbe]) {
      assert.equal(probe.httpGet.scheme ?? 'HTTP', tls ? 'HTTPS' : 'HTTP');
    }
    const { server, upstream } = loaded.config;
    const grace = spec.terminationGracePeriodSeconds * 1000;
    assert.ok(grace > server.drainTimeoutMs + upstream.timeoutMs);
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

test('the PrometheusRule is what "npm run rules" writes', () => {
  assert.deepEqual(
    parse(readProjectFile(`${FOLDER}monitoring/prometheus-rule.yaml`)),
    renderPrometheusRule(readProjectFile('deploy/prometheus/rules.yml')),
  );
});
