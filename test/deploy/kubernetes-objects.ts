import assert from 'node:assert/strict';
import { Certificate } from '@kubernetes-models/cert-manager/cert-manager.io/v1';
import {
  PrometheusRule,
  ServiceMonitor,
} from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { Ingress, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Service, ServiceAccount } from 'kubernetes-models/v1';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { createScratch } from '../support/scratch.ts';

/** What may be rendered, by the schemas of its API. */
const KINDS = {
  Certificate,
  ConfigMap,
  Deployment,
  Ingress,
  NetworkPolicy,
  PodDisruptionBudget,
  PrometheusRule,
  Service,
  ServiceAccount,
  ServiceMonitor,
  StatefulSet,
} as const;

// biome-ignore lint/suspicious/noExplicitAny: any object of Kubernetes; its schema is held to below
export type KubernetesObject = any;

/** As Kubernetes reads YAML: by version 1.1, where 0440 is octal. */
export function parseObjects(text: string): readonly KubernetesObject[] {
  return parseAllDocuments(text, { version: '1.1' })
    .map((document) => document.toJS())
    .filter((object) => object !== null);
}

/** `Service/pushwarden` of each, sorted. */
export function namesOf(objects: readonly KubernetesObject[]): readonly string[] {
  return objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort();
}

export function find(
  objects: readonly KubernetesObject[],
  kind: string,
  name: string,
): KubernetesObject {
  const found = objects.find((one) => one.kind === kind && one.metadata.name === name);
  assert.ok(found, `${kind} ${name}`);
  return found;
}

/** Holds objects to the schemas of their APIs. */
export function assertTaken(objects: readonly KubernetesObject[]): void {
  for (const object of objects) {
    const model = KINDS[object.kind as keyof typeof KINDS]; // another one has no schema, and fails
    assert.equal(object.apiVersion, model.apiVersion);
    new model(object).validate();
  }
}

/** No container runs as root, writes to its root, or has a capability; images have versions. */
export function assertUnprivileged(objects: readonly KubernetesObject[]): void {
  const pods = objects.flatMap(({ spec }) => spec?.template?.spec ?? []);
  assert.ok(pods.length > 0);
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
}

/** The gateway takes the configuration in the ConfigMap `name`, and it fits the pod. */
export async function assertConfigured(
  objects: readonly KubernetesObject[],
  name: string,
): Promise<void> {
  await using scratch = await createScratch();
  const config = parse(find(objects, 'ConfigMap', name).data['pushwarden.yaml']);
  const { tls, ...rest } = config;
  const file = await scratch.write('pushwarden.yaml', JSON.stringify(rest));
  const loaded = await loadConfig(file, { now: 0, readsSecrets: false });
  assert.ok(loaded.ok);
  const { spec } = find(objects, 'StatefulSet', name).spec.template;
  const gateway = spec.containers.find((one: { name: string }) => one.name === 'pushwarden');
  const mounts: readonly { mountPath: string }[] = gateway.volumeMounts;
  const isMounted = (path: string): boolean =>
    mounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`));
  assert.ok(isMounted(config.audit.file));
  assert.ok(Object.values<string>(tls ?? {}).every(isMounted));
  for (const probe of [gateway.startupProbe, gateway.livenessProbe, gateway.readinessProbe]) {
    assert.equal(probe.httpGet.scheme ?? 'HTTP', tls ? 'HTTPS' : 'HTTP');
  }
  const listens = [config.listen, config.admin.listen].map((address) =>
    Number(new URL(`tcp://${address}`).port),
  );
  assert.deepEqual(
    gateway.ports.map(({ containerPort }: { containerPort: number }) => containerPort),
    listens,
  );
  const { server, upstreams } = loaded.config;
  const grace = spec.terminationGracePeriodSeconds * 1000;
  assert.ok(
    grace > server.drainTimeoutMs + Math.max(...upstreams.map(({ timeoutMs }) => timeoutMs)),
  );
}
