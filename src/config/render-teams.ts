import { Document, isMap, isScalar } from 'yaml';

/** A team in the words of the configuration, and what there is to say of it. */
interface TeamDraft {
  readonly name: string;
  readonly team: Readonly<Record<string, unknown>>;
  readonly comments: readonly string[];
}

/** Renders a `teams` section; each team still needs its credentials. */
export function renderTeams(teams: readonly TeamDraft[]): string {
  const content = teams.map(({ name, team }) => [name, { ...team, credentials: [] }] as const);
  const document = new Document({ teams: Object.fromEntries(content) });
  const section = document.get('teams');
  if (!isMap(section)) return document.toString();
  for (const pair of section.items) {
    const { key } = pair;
    const draft = isScalar(key) ? teams.find(({ name }) => name === key.value) : undefined;
    if (draft === undefined || !isScalar(key)) continue;
    key.commentBefore = draft.comments.map((comment) => ` ${comment}`).join('\n');
    const team = section.get(key.value);
    const last = isMap(team) ? team.items.at(-1)?.key : undefined;
    if (isScalar(last)) last.commentBefore = ' put one in: pushwarden token create';
  }
  return document.toString({ lineWidth: 100 });
}
