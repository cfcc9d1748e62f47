import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Where the controller of CPU time is, and how it is told. */
interface Controller {
  readonly folder: string;
  limit(folder: string): void;
}

const PERIOD_US = 10_000;

/**
 * Gives a process a part of one core and no more, by a control group of its own.
 *
 * @param cores - 0.25 is a quarter of one core
 * @returns takes the group away once the process has ended
 * @throws where this system does not let it, with what it needs
 */
export function limitCpu(pid: number, cores: number): AsyncDisposable {
  const quota = Math.round(cores * PERIOD_US);
  const { folder: root, limit } = findController(quota);
  const folder = `${root}/pushwarden-bench-${pid}`;
  mkdirSync(folder);
  limit(folder);
  writeFileSync(`${folder}/cgroup.procs`, String(pid));
  return {
    async [Symbol.asyncDispose]() {
      while (readFileSync(`${folder}/cgroup.procs`, 'utf8') !== '') await wait(20);
      rmdirSync(folder);
    },
  };
}

/** Whether `limitCpu` can be used here; else the reason. */
export function cpuLimitMissing(): string | undefined {
  try {
    const { folder } = findController(PERIOD_US);
    const probe = `${folder}/pushwarden-bench-probe-${process.pid}`;
    mkdirSync(probe);
    rmdirSync(probe);
    return undefined;
  } catch (error) {
    return `no CPU share of its own for each gateway: ${String(error)}`;
  }
}

/** @see cgroups(7): version 1 has a hierarchy for each controller, version 2 one for all. */
function findController(quota: number): Controller {
  const first = '/sys/fs/cgroup/cpu';
  if (existsSync(`${first}/cpu.cfs_quota_us`)) {
    return {
      folder: first,
      limit(folder) {
        writeFileSync(`${folder}/cpu.cfs_period_us`, String(PERIOD_US));
        writeFileSync(`${folder}/cpu.cfs_quota_us`, String(quota));
      },
    };
  }
  const folder = '/sys/fs/cgroup';
  const delegated = `${folder}/cgroup.subtree_control`;
  if (!existsSync(delegated)) throw new Error('it takes Linux with cgroups');
  if (!readFileSync(delegated, 'utf8').split(/\s/).includes('cpu')) {
    writeFileSync(delegated, '+cpu'); // takes root
  }
  return {
    folder,
    limit: (own) => writeFileSync(`${own}/cpu.max`, `${quota} ${PERIOD_US}`),
  };
}
