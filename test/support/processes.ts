import { readdir, readFile } from 'node:fs/promises';

/** The processes that a process started itself and that are still there; Linux only. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return list.trim().split(' ').filter(Boolean).map(Number);
}

/** The living processes of a session. */
export async function sessionOf(leader: number): Promise<readonly number[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(names.map((name) => statOf(Number(name))));
  return names.map(Number).filter((_, index) => stats[index]?.session === leader);
}

/** True when nothing of a session lives, else undefined: for `eventually`. */
export async function isSessionGone(leader: number): Promise<true | undefined> {
  return (await sessionOf(leader)).length === 0 ? true : undefined;
}

/** What has ended and was not waited for counts as gone. @see proc_pid_stat(5) */
async function statOf(pid: number) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [state, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' || state === 'Z' ? undefined : { session: Number(session) };
}
