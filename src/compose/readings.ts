import { allow, deny } from '../core/decision.ts';
import type { TeamPolicy } from '../core/policy/policy.ts';
import { renderQuoted } from '../core/printable.ts';
import { joinStores } from '../core/store/joined-stores.ts';
import { createMergedRead } from '../http/handle-merged-read.ts';
import type { PageContext } from '../http/page/page-exchange.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { UpstreamReading } from '../pipeline/ports/upstream.ts';
import type { Clock, OperationalLog } from '../pipeline/ports.ts';
import type { OpenedSpool } from '../spool/open-spool.ts';
import type { Current } from './current.ts';
import type { UpstreamSide } from './upstream-side.ts';
import { createVisibleSides } from './visible-sides.ts';

interface ReadingsOptions {
  readonly clock: Clock;
  readonly log: OperationalLog;
}

/** How often a family that is left out is told of. */
const TELL_EVERY_MS = 60_000;

/** What requests that only read have of the Pushgateways in use: of one, or of all together. */
export function createReadings(
  current: Current,
  { clock, log }: ReadingsOptions,
): Pick<Gateway, 'reading' | 'readingOf'> {
  let toldAt = Number.NEGATIVE_INFINITY;
  const readMerged = createMergedRead({
    clock,
    onOtherType(upstream, family) {
      if (clock.monotonic() - toldAt < TELL_EVERY_MS) return;
      toldAt = clock.monotonic();
      log.warn('family_left_out', {
        ...{ upstream, family },
        why: 'another upstream has it with another type: something pushes past the gateway',
      });
    },
  });
  const visible = createVisibleSides(current, clock);

  const joinAll = (team: TeamPolicy, sides: readonly UpstreamSide[]): UpstreamReading => {
    const loans = sides.map((side) => ({ side, loan: side.lend() }));
    const own = current.sideOf(team.name);
    const ownLoan = loans.find(({ side }) => side === own)?.loan ?? own.lend();
    return {
      store: joinStores(loans.map(({ loan }) => loan.store)),
      timeoutMs: Math.max(...sides.map(({ timeoutMs }) => timeoutMs)),
      async read(what, answer) {
        // what a Pushgateway says of itself cannot be joined
        if (what.path === '/api/v1/status') return await ownLoan.read(what, answer);
        const asked = team.coversEverything ? sides : await visible(team, sides);
        if (team.coversEverything || asked.length > 1) {
          await readMerged(
            asked.map(({ part }) => part),
            what,
            answer,
          );
          return;
        }
        const loan = loans.find(({ side }) => side === asked[0])?.loan ?? ownLoan;
        await loan.read(what, answer);
      },
      [Symbol.dispose]() {
        for (const { loan } of loans) loan[Symbol.dispose]();
      },
    };
  };

  return {
    reading(team) {
      const sides = current.upstreamSides();
      const [only] = sides;
      return only !== undefined && sides.length === 1 ? only.lend() : joinAll(team, sides);
    },
    readingOf(name, team) {
      const sides = current.upstreamSides();
      const side = sides.find((one) => one.name === name);
      if (side !== undefined) return allow(side.lend());
      const names = sides.map((one) => one.name).join(', ');
      return deny('endpoint_not_found', {
        detail: `there is no upstream ${renderQuoted(name)}`,
        // who sees a part only need not know how it is divided
        hints: team.coversEverything ? [`upstreams: ${names}`] : [],
      });
    },
  };
}

const SHOWN_WAITING = 20;

/** How what a team pushes to or looks at is. */
export function describeUpstreams(
  current: Current,
  isSpooling: () => boolean,
  spool: OpenedSpool | undefined,
): PageContext['upstreamState'] {
  return (team) => {
    const all = current.upstreamSides();
    const own = current.sideOf(team.name).upstream;
    const sides = all.filter(({ upstream }) => team.coversEverything || upstream === own);
    const away = sides.filter((side) => !side.isReady());
    const of = team.coversEverything ? undefined : team.name;
    const isNamed = team.coversEverything && all.length > 1;
    return {
      isUp: away.length === 0,
      isScrapeBroken: sides.some((side) => side.isScrapeBroken()),
      isSpooling: isSpooling(),
      ...(isNamed && { away: away.map(({ name }) => name) }),
      // The part of the page that a filter asks for has none of it.
      get waiting() {
        return spool?.index.waitingOf(of, SHOWN_WAITING);
      },
    };
  };
}
