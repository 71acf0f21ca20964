// Brings changes in while a page is open. Without it the page is the same, until it is loaded anew.
'use strict';
(() => {
  const MINUTE = 60, HOUR = 3600, DAY = 86400;
  const QUIET_MS = 500, APART_MS = 3000;
  const status = document.createElement('p');
  status.className = 'vh';
  status.setAttribute('role', 'status');
  document.body.append(status);

  const age = (iso) => {
    const seconds = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1000));
    if (seconds < MINUTE) return '<1m';
    if (seconds < HOUR) return Math.floor(seconds / MINUTE) + 'm';
    if (seconds < DAY) return Math.floor(seconds / HOUR) + 'h';
    return Math.floor(seconds / DAY) + 'd';
  };
  const tick = () => {
    for (const since of document.querySelectorAll('.since')) {
      const time = since.querySelector('time'), shown = since.querySelector('.age');
      if (time && shown) shown.textContent = age(time.dateTime);
    }
    const alive = document.getElementById('alive'), fresh = document.getElementById('fresh');
    if (alive && fresh && !fresh.classList.contains('late')) alive.title = age(alive.dateTime) + ' ago';
  };

  // Somebody who writes, or has opened something, is not disturbed.
  const isBusy = () => {
    const at = document.activeElement;
    return (at && /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName)) || document.querySelector('details.act[open]');
  };
  const open = () => [...document.querySelectorAll('main details[open] > summary')].map((one) => one.parentElement.parentElement.querySelector('a')?.href);

  let etag = null, last = 0, waiting = 0;
  const refresh = async () => {
    waiting = 0;
    if (isBusy() || document.hidden) return later(APART_MS);
    last = Date.now();
    let answer;
    try {
      answer = await fetch(location.href, { headers: etag ? { 'If-None-Match': etag } : {}, cache: 'no-store' });
    } catch {
      return;
    }
    if (!answer.ok || !/html/.test(answer.headers.get('Content-Type') || '')) return;
    const now = answer.headers.get('ETag');
    if (now && now === etag) return;
    etag = now;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const opened = open(), focused = document.activeElement?.getAttribute?.('href');
    const before = document.querySelector('h1')?.textContent;
    for (const id of ['main', 'fresh']) {
      const old = document.getElementById(id), fresh = page.getElementById(id);
      if (old && fresh) {
        old.replaceChildren(...fresh.childNodes);
        old.className = fresh.className;
      }
    }
    document.title = page.title;
    const icon = page.getElementById('icon');
    if (icon) document.getElementById('icon').href = icon.getAttribute('href');
    for (const details of document.querySelectorAll('main details')) {
      const link = details.parentElement.querySelector('a');
      if (link && opened.includes(link.href)) details.open = true;
    }
    if (focused) [...document.querySelectorAll('main a')].find((link) => link.getAttribute('href') === focused)?.focus();
    const after = document.querySelector('h1')?.textContent;
    if (after !== before) status.textContent = after;
    tick();
  };
  const later = (least) => {
    if (!waiting) waiting = setTimeout(refresh, Math.max(least, last + APART_MS - Date.now()));
  };

  tick();
  setInterval(tick, 15000);
  if (window.EventSource) {
    const events = new EventSource('/api/v1/events');
    events.onmessage = () => later(QUIET_MS);
    events.addEventListener('look', () => later(QUIET_MS));
    document.addEventListener('visibilitychange', () => { if (!document.hidden) later(QUIET_MS); });
  }
})();
