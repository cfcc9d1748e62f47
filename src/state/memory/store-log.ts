import { GatewayError } from '../../core/errors.ts';
import type {
  LogEntry,
  LogFollower,
  LogMembership,
  StoreLog,
} from '../../pipeline/shared-state.ts';

/** A log within one process: what gateways would share, for those who try out what they do. */
export interface MemoryStoreLog extends StoreLog {
  /** Ends a member as if its process were gone: nothing is settled for it by itself. */
  kill(member: string): void;
  /** Forgets everything, as a server without persistence that starts anew. */
  lose(): void;
}

interface Member {
  readonly name: string;
  follower: LogFollower | undefined;
  readonly waiting: LogEntry[];
  isTaking: boolean;
  isOver: boolean;
}

export function createMemoryStoreLog(): MemoryStoreLog {
  const members = new Map<string, Member>();
  let joined = 0;
  const write = (entry: LogEntry): void => {
    // All have it before any of them can answer.
    for (const member of members.values()) member.waiting.push(entry);
    for (const member of members.values()) void deliver(member);
  };
  const end = (name: string): void => {
    const member = members.get(name);
    if (member === undefined) return;
    members.delete(name);
    member.isOver = true;
    member.follower?.lost();
    write({ kind: 'ended', member: name, members: members.size });
  };
  return {
    kill: end,
    lose() {
      const all = [...members.values()];
      members.clear();
      for (const member of all) {
        member.isOver = true;
        member.follower?.lost();
      }
    },
    async join() {
      joined += 1;
      const name = `member ${joined}`;
      const member = { name, follower: undefined, waiting: [], isTaking: false, isOver: false };
      members.set(name, member);
      write({ kind: 'joined', member: name, members: members.size });
      return membershipOf(member, write, () => end(name));
    },
  };
}

function membershipOf(
  member: Member,
  write: (entry: LogEntry) => void,
  leave: () => void,
): LogMembership {
  return {
    member: member.name,
    follow(follower) {
      member.follower = follower;
      void deliver(member);
    },
    async append(data) {
      if (member.isOver) throw new GatewayError('ERR_STATE_UNAVAILABLE', 'no member any more');
      write({ kind: 'operation', member: member.name, data });
    },
    isCurrent: () => !member.isOver,
    isWritable: () => !member.isOver,
    [Symbol.asyncDispose]: async () => leave(),
  };
}

async function deliver(member: Member): Promise<void> {
  if (member.isTaking || member.follower === undefined) return;
  member.isTaking = true;
  for (let entry = member.waiting.shift(); entry !== undefined; entry = member.waiting.shift()) {
    if (member.isOver) break;
    await member.follower.take(entry);
  }
  member.isTaking = false;
}
