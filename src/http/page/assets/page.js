// Refreshes the page in place and filters while it is typed. The page works without: every link and
// form that is caught here is one that the server answers with the whole page.

const REFRESH_MS = 15_000;
const GROUP_PARTS = ['groups', 'groups-count'];

const filter = document.getElementById('filter');
const refreshed = document.getElementById('refreshed');
let newest = 0;
let underWay;
let asked = 0;

if (document.querySelector('[data-live]')) start();

function start() {
  setInterval(() => {
    if (!document.hidden) void load(location.href);
  }, REFRESH_MS);
  addEventListener('visibilitychange', () => {
    if (!document.hidden) void load(location.href);
  });
  addEventListener('popstate', () => void load(location.href, GROUP_PARTS));
  document.addEventListener('click', followLink);
  filter?.addEventListener('input', applyFilter);
  filter?.addEventListener('submit', (event) => {
    event.preventDefault();
    applyFilter();
  });
}

function followLink(event) {
  const link = event.target.closest?.('a[data-groups]');
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, '', link.href);
  const name = nameOf(link);
  void load(link.href, GROUP_PARTS).then(() => focusLink(name));
}

function applyFilter() {
  const address = new URL(location.href);
  const fields = new FormData(filter);
  for (const name of ['q', 'failed']) {
    const value = fields.get(name);
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  for (const name of ['page', 'open']) address.searchParams.delete(name);
  address.hash = '';
  history.replaceState(null, '', address);
  void load(address.href, GROUP_PARTS);
}

// Fetches the page and takes over the parts of it that are live, or fetches those of the groups
// alone. An older answer that is still to come is dropped; what somebody asked for is waited for.
async function load(address, parts) {
  if (parts === undefined) {
    if (asked === 0) await takeOver(address);
    return;
  }
  asked += 1;
  try {
    await takeOver(address, parts);
  } finally {
    asked -= 1;
  }
}

async function takeOver(address, parts) {
  newest += 1;
  const mine = newest;
  underWay?.abort();
  underWay = new AbortController();
  let answer;
  let text;
  try {
    answer = await fetch(parts === undefined ? address : addressOfPart(address), {
      signal: underWay.signal,
    });
    text = await answer.text();
  } catch {
    if (mine === newest) say('The gateway does not answer; what is shown is old.');
    return;
  }
  if (mine !== newest) return;
  if (answer.status === 401) location.reload();
  if (!answer.ok) {
    say('The gateway does not answer; what is shown is old.');
    return;
  }
  const fresh = new DOMParser().parseFromString(text, 'text/html');
  for (const part of document.querySelectorAll('[data-live]')) {
    const next = fresh.getElementById(part.id);
    if (next && (parts === undefined || parts.includes(part.id))) {
      replacePart(part, next, parts !== undefined);
    }
  }
  say('');
}

function addressOfPart(address) {
  const part = new URL(address);
  part.searchParams.set('part', 'groups');
  return part;
}

// A part in which somebody reads or is about to press something is left until the next time.
function replacePart(part, next, isAsked) {
  if (!isAsked && (isInUse(part) || part.innerHTML === next.innerHTML)) return;
  part.replaceChildren(...next.childNodes);
}

function isInUse(part) {
  const selection = getSelection();
  const isSelected = !selection.isCollapsed && selection.containsNode(part, true);
  return isSelected || part.contains(document.activeElement);
}

// The link that was followed is another one now: the keyboard stays where it was.
function focusLink(name) {
  const links = [...document.querySelectorAll('#groups a[data-groups]')];
  links.find((link) => nameOf(link) === name)?.focus();
}

function nameOf(link) {
  return link.ariaLabel ?? link.textContent;
}

function say(text) {
  if (!refreshed) return;
  refreshed.textContent = text;
  refreshed.hidden = text === '';
}
