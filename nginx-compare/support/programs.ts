import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { VERSION } from '../../src/version.ts';
import { installDebianPackages } from '../../test/support/debian-packages.ts';
import { fetchPrograms, type ProgramName, programVersion } from '../../test/support/program.ts';

const NEEDED: readonly ProgramName[] = ['pushgateway-1.11', 'prometheus-3', 'vmauth'];

/**
 * Brings what is compared, and what measures it.
 *
 * @throws Error that says what is missing.
 */
export function preparePrograms(): void {
  installDebianPackages(['test', 'bench']);
  if (!fetchPrograms(NEEDED)) throw new Error(`cannot fetch all of ${NEEDED.join(', ')}`);
}

/** Names and versions of what is compared and of what it runs on, for the head of the results. */
export function listPrograms(): readonly string[] {
  const versions = (...names: readonly ProgramName[]) => names.map(programVersion).join(' and ');
  return [
    `pushwarden ${VERSION} on Node ${process.versions.node}`,
    `nginx ${nginxVersion()}`,
    'vmauth of Debian sid, which does not say its version',
    `Pushgateway ${versions('pushgateway-1.5', 'pushgateway-1.11')}`,
    `Prometheus ${versions('prometheus-2', 'prometheus-3')}`,
    `${cpus().length} processors: ${cpus()[0]?.model}`,
  ];
}

/** It writes its version to stderr. */
function nginxVersion(): string {
  const { stderr } = spawnSync('nginx', ['-v'], { encoding: 'utf8' });
  return /nginx\/(\S+)/.exec(stderr)?.[1] ?? 'missing';
}
