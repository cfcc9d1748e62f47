/**
 * Has a gateway read the store of its Pushgateway now, as a quarantine does before it looks.
 * @returns whether it could
 */
export async function readAnew(adminUrl: string): Promise<boolean> {
  const answer = await fetch(`${adminUrl}/-/quarantine?dry_run=true`, { method: 'POST' });
  const text = await answer.text();
  return answer.ok && !text.includes('ended_early');
}
