/**
 * The script of every page: live sections and orders with the control token. Pages with charts have charts.js too.
 *
 * The token stays in this closure: it is in no cookie, no storage and no address. A page works without this script, but for
 * orders and live sections.
 */
(() => {
  'use strict';
  let token = null;
  let following = null;

  const find = (selector, root = document) => root.querySelector(selector);
  const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];
  const words = () => JSON.parse(document.body.dataset.words);
  const here = () => location.pathname + location.search;
  const headers = (more = {}) => (token === null ? more : { ...more, authorization: `Bearer ${token}` });
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  // Live sections

  function say(text, isLost) {
    const output = find('#live');
    if (!output) return;
    if (output.textContent !== text) output.textContent = text;
    output.classList.toggle('lost', isLost);
  }

  /** Replaces a section, but not under somebody's hands: the next version comes soon. */
  function replaceSection({ id, html }) {
    const old = document.getElementById(id);
    if (!old || (old.contains(getSelection()?.anchorNode ?? null) && !getSelection().isCollapsed)) return;
    const focused = old.contains(document.activeElement) ? pathTo(old, document.activeElement) : null;
    const scrolled = findAll('.scroll', old).map((each) => each.scrollLeft);
    const parsed = new DOMParser().parseFromString(html, 'text/html').body.firstElementChild;
    if (!parsed) return;
    globalThis.pageCharts?.drop(old);
    old.replaceWith(parsed);
    for (const map of findAll('[data-map]', parsed)) prepareMap(map);
    findAll('.scroll', parsed).forEach((each, at) => (each.scrollLeft = scrolled[at] ?? 0));
    if (focused) follow(parsed, focused)?.focus({ preventScroll: true });
    globalThis.pageCharts?.draw(parsed);
  }

  function pathTo(root, element) {
    const path = [];
    for (let at = element; at !== root; at = at.parentElement)
      path.unshift([...at.parentElement.children].indexOf(at));
    return path;
  }

  const follow = (root, path) => path.reduce((at, place) => at?.children[place], root);

  async function listen(signal) {
    const query = new URLSearchParams({ at: here() });
    const answer = await fetch(`/page/live?${query}`, { headers: headers(), signal });
    if (!answer.ok) throw new Error(String(answer.status));
    say(words().on, false);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const events = (rest + value).split('\n\n');
      rest = events.pop();
      for (const event of events) {
        const lines = event.split('\n');
        const data = lines.find((each) => each.startsWith('data: '))?.slice(6);
        if (lines[0] === 'event: section' && data) replaceSection(JSON.parse(data));
      }
    }
  }

  async function live() {
    following?.abort();
    const own = new AbortController();
    following = own;
    if (!find('[data-live]')) return;
    for (let tries = 0; !own.signal.aborted; tries += 1) {
      try {
        await listen(own.signal);
        tries = 0;
      } catch {
        // Said below; the next try follows.
      }
      if (own.signal.aborted) return;
      say(words().off, true);
      await wait(Math.min(15_000, 1_000 * 2 ** tries) * (0.5 + Math.random() / 2));
    }
  }

  // The control token

  function askToken(isWrong) {
    const dialog = find('#token');
    const form = find('form', dialog);
    find('[role=alert]', dialog).hidden = !isWrong;
    return new Promise((resolve) => {
      const ended = () => {
        dialog.removeEventListener('close', ended);
        const given = form.elements.token.value.trim();
        form.reset();
        resolve(given === '' ? null : given);
      };
      dialog.addEventListener('close', ended);
      dialog.showModal();
    });
  }

  /** Loads a page with the token, and shows it in this document: a navigation could not carry it. */
  async function show(address, isNew) {
    const answer = await fetch(address, { headers: headers(), redirect: 'error' });
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
    globalThis.pageCharts?.drop(document.body);
    document.title = next.title;
    document.documentElement.lang = next.documentElement.lang;
    document.body.replaceWith(next.body);
    if (isNew) history.pushState(null, '', address);
    await loadCharts(next);
    begin();
    find('main')?.focus({ preventScroll: false });
    if (isNew) document.getElementById(location.hash.slice(1))?.scrollIntoView();
    return answer.status !== 401;
  }

  /** A page with charts brings uPlot and charts.js along, in this order; one that is shown in place must load them itself. */
  function loadCharts(page) {
    const wanted = [...findAll('link[rel=stylesheet]', page), ...findAll('script[src]', page)];
    const loads = wanted.map((each) => {
      const address = each.getAttribute('src') ?? each.getAttribute('href');
      if (find(`[src="${address}"], [href="${address}"]`, document.head)) return null;
      const copy = document.createElement(each.localName);
      for (const { name, value } of each.attributes) copy.setAttribute(name, value);
      copy.async = false;
      document.head.append(copy);
      return new Promise((resolve) => {
        for (const event of ['load', 'error']) copy.addEventListener(event, resolve);
      });
    });
    return Promise.all(loads);
  }

  async function askUntilRight() {
    for (let isWrong = false; ; isWrong = true) {
      const given = await askToken(isWrong);
      if (given === null) return;
      token = given;
      if (await show(here(), false)) return;
      token = null;
    }
  }

  document.addEventListener('click', (event) => {
    const anchor = event.target.closest?.('a[href]');
    if (token === null || !anchor || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const url = new URL(anchor.href);
    if (url.origin !== location.origin || (url.hash !== '' && url.pathname + url.search === here())) return;
    event.preventDefault();
    if (anchor.hasAttribute('download')) void save(url, anchor.getAttribute('download'));
    else void show(url.pathname + url.search + url.hash, true);
  });

  addEventListener('popstate', () => {
    if (token !== null) void show(here(), false);
  });

  async function save(url, name) {
    const answer = await fetch(url, { headers: headers() });
    if (!answer.ok) {
      const problem = await answer.json().catch(() => ({ detail: `${answer.status}` }));
      return note(problemParts(problem), true);
    }
    const anchor = document.createElement('a');
    anchor.href = URL.createObjectURL(await answer.blob());
    anchor.download = name;
    anchor.click();
    URL.revokeObjectURL(anchor.href);
  }

  // Orders

  async function order(form) {
    const { method, path, fixed } = form.dataset;
    const body = fixed ? JSON.parse(fixed) : {};
    for (const [name, value] of new FormData(form))
      if (value !== '') body[name] = form.elements[name].type === 'number' ? Number(value) : value;
    const output = find('output', form);
    if (token === null) token = await askToken(false);
    if (token === null) return;
    const answer = await fetch(path, {
      method,
      headers: headers({ 'content-type': 'application/json' }),
      body: JSON.stringify(body),
    });
    if (answer.status === 401) {
      token = await askToken(true);
      return token === null ? undefined : order(form);
    }
    const { message, results, ...problem } = await answer.json();
    if (!answer.ok) {
      output.replaceChildren(...problemParts(problem));
      output.classList.add('trouble');
      return;
    }
    await show(here(), false);
    note(
      message ? withEnglish(form.dataset.done, message) : [form.dataset.done],
      results?.some(({ ok }) => !ok),
    );
  }

  /** A sentence of the API is English: on a page in another language it follows words of that language, and says what it is. */
  function withEnglish(ownWords, sentence) {
    if (!words().problems) return [sentence];
    const english = { lang: 'en', textContent: sentence };
    return [ownWords, ' ', Object.assign(document.createElement('span'), english)];
  }

  const problemParts = ({ word, detail }) => withEnglish(words().problems?.[word] ?? '', detail);

  /** Says what came of an order or a download, above the page as it is now. */
  function note(parts, isTrouble = false) {
    const line = document.createElement('p');
    line.className = isTrouble ? 'said trouble' : 'said well';
    line.setAttribute('role', 'status');
    find('h1').after(line);
    line.append(...parts);
  }

  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (form.matches('form.order')) {
      event.preventDefault();
      void order(form);
    } else if (token !== null && form.matches('form.filters')) {
      event.preventDefault();
      const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ''));
      void show(`${form.getAttribute('action')}?${query}`, true);
    }
  });

  // The map of a month: its links are one stop of the keyboard, and the arrow keys move between them

  function prepareMap(map) {
    const links = findAll('a', map);
    const said = find('.map-said', map.closest('section'));
    const place = (link) => {
      const { x, y } = find('rect', link);
      return { x: x.baseVal.value, y: y.baseVal.value };
    };
    const go = (link) => {
      for (const each of links) each.setAttribute('tabindex', each === link ? '0' : '-1');
      link.focus();
    };
    links.forEach((link, at) => link.setAttribute('tabindex', at === 0 ? '0' : '-1'));
    for (const event of ['focusin', 'pointerover'])
      map.addEventListener(event, ({ target }) => {
        const link = target.closest('a');
        if (link && said) said.textContent = link.getAttribute('aria-label');
      });
    map.addEventListener('keydown', (event) => {
      const at = links.indexOf(event.target.closest('a'));
      if (at === -1 || event.metaKey || event.ctrlKey || event.altKey) return;
      const from = place(links[at]);
      // In the next row with links, the nearest one.
      const across = (down) => {
        const rows = links.map(place).filter(({ y }) => (down ? y > from.y : y < from.y));
        const row = down ? Math.min(...rows.map(({ y }) => y)) : Math.max(...rows.map(({ y }) => y));
        const far = (link) => Math.abs(place(link).x - from.x);
        return links.filter((link) => place(link).y === row).toSorted((a, b) => far(a) - far(b))[0];
      };
      const next = {
        ArrowRight: () => links[at + 1],
        ArrowLeft: () => links[at - 1],
        ArrowDown: () => across(true),
        ArrowUp: () => across(false),
        Home: () => links[0],
        End: () => links.at(-1),
      }[event.key]?.();
      if (!next) return;
      event.preventDefault();
      go(next);
    });
  }

  function begin() {
    for (const map of findAll('[data-map]')) prepareMap(map);
    for (const form of findAll('form.order')) form.hidden = false;
    globalThis.pageCharts?.draw(document);
    void live();
    if (document.body.dataset.token === 'needed' && token === null) void askUntilRight();
  }

  if (document.readyState === 'loading') addEventListener('DOMContentLoaded', begin);
  else begin();
})();
