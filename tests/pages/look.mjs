// Looks at the pages of running boards in Chromium: for axe-core, for their width, for what they ask of whom, without script
// and by the keyboard; and in lynx.
//
//     look.mjs MODULES CHROMIUM LYNX FOLDER FLEET=PAGE,TOKEN[,LINK]...
//
// MODULES is where node_modules is; LYNX is the program, or empty where there is none; FOLDER is for its files. A line for
// each page: ok, or FAIL and why. What was tried is counted at the end. Exit status 1 when something failed.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { CHROMIUM } from './chromium.mjs';
import * as keyboard from './keyboard.mjs';
import * as terminal from './lynx.mjs';

const [modules, executablePath, lynx, folder, ...fleets] = process.argv.slice(2);
const require = createRequire(modules + '/');
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const WIDTHS = [320, 768, 1600];
// What is asked by axe-core. In the dark only the colours are others: the rest is as it was.
const SCHEMES = { light: undefined, dark: { type: 'rule', values: ['color-contrast'] } };

// Names of tests/made_up/names.rs. What was pushed stands as %XX in the names of objects, whose % is %25 in an address.
const LONG = 'a-host-with-a-name-of-sixty-four-characters-as-some-people-do-it';
const LONG_GROUP = 'a-group-with-a-name-of-sixty-four-characters-as-some-do-it-today';
const LONG_NODE = 'a-node-with-a-name-of-sixty-four-characters-as-some-people-do-it';
const pushed = (name) => encodeURIComponent(encodeURIComponent(name));

// Who may see them all, and what only who is logged in sees: forms. One with another status than 200 has it behind it.
const PAGES = {
  empty: {
    all: ['/', '/incidents', '/levels', '/log', '/reports', '/login', '/g/web 404', '/h/web1 404', '/n/shop 404', '/p/shop 404'],
    acting: ['/', '/login'],
  },
  well: {
    all: [
      '/', '/g/web', '/g/front/page', '/h/web3', '/n/shop', '/incidents', '/incidents/1', '/levels', '/log', '/reports', '/login',
      '/p/shop',
    ],
    acting: ['/', '/g/front/page', '/h/web3', '/n/shop'],
  },
  usual: { all: ['/', '/g/web', '/n/company', '/p/shop'], acting: ['/'] },
  burning: {
    all: [
      '/', '/g/web?span=7d', '/g/front/page', '/g/rack/open', '/g/push?span=30d', '/h/web3', '/n/shop', `/n/${LONG_NODE}`,
      `/g/${LONG_GROUP}`, `/g/${LONG_GROUP}/${LONG}`, `/g/push/${pushed('\u0627\u0644\u0642\u0631\u0635')}`, `/h/${LONG}`,
      `/h/${pushed('\u062e\u0627\u062f\u0645-\u0627\u0644\u0646\u0633\u062e')}`, `/h/${pushed('\u0441\u0435\u0440\u0432\u0435\u0440-1')}`,
      `/h/${pushed('\u5317\u4eac\u5907\u4efd')}`,
      '/incidents', '/incidents/1', '/log?name=mail/oco', '/log?kind=alert', '/levels', '/reports', '/login', '/p/shop',
      '/h/nobody 404', '/g/web?span=x 400', '/a/00000000000000000000000000000000 404', 'link',
    ],
    acting: ['/', '/g/front/page', '/h/web3', `/h/${LONG}`, '/n/shop', '/login'],
    acknowledges: '/g/push/disk',
  },
  large: {
    all: [
      '/', '/g/group03?page=2', '/g/group03/service-003', '/h/host-003-00.example.org', '/n/shop', '/n/company',
      '/incidents', '/log', '/levels', '/reports', '/p/shop',
    ],
    acting: ['/g/group03/service-003', '/n/shop'],
  },
};

const counted = { pages: 0, looks: 0, 'axe-core rules that passed': 0, requests: 0, 'pages without script': 0, 'pages by keyboard': 0, 'pages in lynx': 0 };
let failed = 0;

const browser = await chromium.launch({ executablePath, args: CHROMIUM });

// A context whose requests are seen, logged in where there is a token.
async function open(base, token, options) {
  const context = await browser.newContext(options);
  const strangers = new Set();
  context.on('request', (request) => {
    counted.requests += 1;
    if (new URL(request.url()).origin !== base) strangers.add(request.url());
  });
  const page = await context.newPage();
  // A slow machine draws several fleets at once here.
  page.setDefaultTimeout(120000);
  if (token) {
    await page.goto(base + '/login');
    await page.fill('input[name=token]', token);
    await page.click('main form[action="/login"] button');
  }
  return { context, page, strangers };
}

// What axe-core has against a page, and how wide it is, at each width, light and dark.
async function look(page) {
  const wrong = [];
  await page.evaluate(axe);
  for (const [colorScheme, runOnly] of Object.entries(SCHEMES)) {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      const { violations, passes } = await page.evaluate(
        (runOnly) => axe.run(document, { resultTypes: ['violations'], preload: false, runOnly }),
        runOnly,
      );
      counted.looks += 1;
      counted['axe-core rules that passed'] += passes.length;
      for (const { id, help, nodes } of violations) {
        wrong.push(`${colorScheme}, ${width} px: ${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html).join(' ')}`);
      }
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) wrong.push(`${colorScheme}, ${width} px: ${over} px too wide`);
    }
  }
  return wrong;
}

// Its headings, and how much there is: the same with script and without.
const content = (page) =>
  page.evaluate(() => {
    const count = (what) => document.querySelectorAll(`main ${what}`).length;
    const heads = [...document.querySelectorAll('main h1, main h2, main caption')].map((one) => one.textContent.trim());
    return JSON.stringify([heads, count('li'), count('tr'), count('form'), count('svg')]);
  });

// A board tells on each page while it has not read its journal, which takes long of a large fleet, with a slow program.
async function isRead(base) {
  const { context, page } = await open(base, '', { javaScriptEnabled: false });
  await page.goto(base + '/');
  for (let tries = 0; tries < 120 && (await page.locator('.warning').count()); tries += 1) {
    await page.waitForTimeout(1000);
    await page.goto(base + '/');
  }
  await context.close();
}

// What lynx leaves out of a page. The fleet goes on meanwhile, as above.
async function inLynx(page, path) {
  let missing = [];
  for (let tries = 0; tries < 5; tries += 1) {
    await page.goto(path);
    missing = await terminal.missing(lynx, path, await terminal.pieces(page));
    if (!missing.length) break;
  }
  counted['pages in lynx'] += 1;
  return missing.slice(0, 5).map((text) => `lynx does not show ${text}`);
}

// Acknowledges two failures: one in lynx, one by keyboard.
async function act(base, token, link, path) {
  const { context, page } = await open(base, '', {});
  if (lynx) {
    await page.goto(link);
    const controls = await page.$$eval('a[href], input:not([type=hidden]), button', (all) => all.map((one) => one.tagName));
    await terminal.acknowledge(lynx, link, controls.indexOf('INPUT'), folder);
    await page.goto(link);
    const text = await page.innerText('main');
    report('a failure, acknowledged in lynx', /Acknowledged by .*: from a terminal/s.test(text) ? [] : [text]);
  }
  report('a failure, acknowledged by keyboard', await keyboard.acknowledge(page, base, token, path));
  await context.close();
}

function report(name, wrong) {
  if (wrong.length) failed += 1;
  console.log(wrong.length ? `FAIL ${name}\n     ${wrong.join('\n     ')}` : `ok   ${name}`);
}

async function visit(fleet, base, link, token, paths) {
  const { context, page, strangers } = await open(base, token, {});
  const plain = await open(base, token, { javaScriptEnabled: false });
  for (const one of paths) {
    const [path, status = '200'] = (one === 'link' ? link : base + one).split(' ');
    const wrong = [];
    const answer = await page.goto(path);
    if (String(answer.status()) !== status) wrong.push(`status ${answer.status()}`);
    await plain.page.goto(path);
    let [scripted, unscripted] = [await content(page), await content(plain.page)];
    // The fleet goes on meanwhile: what differs by that does not differ again and again.
    for (let tries = 0; tries < 5 && scripted !== unscripted; tries += 1) {
      await page.goto(path);
      await plain.page.goto(path);
      [scripted, unscripted] = [await content(page), await content(plain.page)];
    }
    wrong.push(...(await look(page)));
    if (!JSON.parse(unscripted)[0].length) wrong.push('no heading');
    if (scripted !== unscripted) wrong.push(`with script ${scripted}, without ${unscripted}`);
    wrong.push(...(await keyboard.tab(page)));
    counted['pages by keyboard'] += 1;
    if (lynx && !token) wrong.push(...(await inLynx(plain.page, path)));
    for (const stranger of [...strangers, ...plain.strangers]) wrong.push(`asks ${stranger}`);
    counted.pages += 1;
    counted['pages without script'] += 1;
    const name = `${fleet}${token ? ', logged in' : ''}: ${one === 'link' ? 'the link of an alert' : one}`;
    report(name, wrong);
  }
  await context.close();
  await plain.context.close();
}

await Promise.all(
  fleets.map(async (one) => {
    const [fleet, rest] = one.split(/=(.*)/);
    const [base, token, link] = rest.split(',');
    await isRead(base);
    await visit(fleet, base, link, '', PAGES[fleet].all);
    await visit(fleet, base, link, token, PAGES[fleet].acting);
    if (PAGES[fleet].acknowledges) await act(base, token, link, PAGES[fleet].acknowledges);
  }),
);
await browser.close();
console.log(Object.entries(counted).map(([what, count]) => `${count} ${what}`).join(', ') + `, ${failed} pages failed`);
process.exit(failed ? 1 : 0);
