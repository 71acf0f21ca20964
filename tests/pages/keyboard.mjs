// Pages by the keyboard alone, in Chromium.

// Controls that Tab goes to at the beginning and at the end of a page that has many, all alike between them.
const MANY = 100;

// What Tab does not reach, and what does not look as if it had the focus. All that can be opened is open before.
export async function tab(page) {
  const count = await page.evaluate(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
    window.seen = new Map();
    document.addEventListener('focusin', ({ target }) => {
      const style = getComputedStyle(target);
      const { width, height, right } = target.getBoundingClientRect();
      window.seen.set(target, style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && width > 0 && height > 0 && right > 0);
    });
    const all = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
    window.controls = [...document.querySelectorAll(all)].filter((one) => one.checkVisibility({ visibilityProperty: true }));
    document.activeElement?.blur();
    return window.controls.length;
  });
  const press = async (times) => {
    for (let presses = 0; presses < times; presses += 1) await page.keyboard.press('Tab');
  };
  const isLong = count > 2 * MANY;
  // Behind the last one it begins anew: a page may begin in a field.
  await press(isLong ? MANY : count + 2);
  if (isLong) {
    await page.evaluate((many) => window.controls.at(-many).focus(), MANY);
    await press(MANY - 1);
  }
  return page.evaluate((left) => {
    const { seen } = window;
    const controls = left ? [...window.controls.slice(0, left), ...window.controls.slice(-left)] : window.controls;
    const told = (one) => one.outerHTML.slice(0, 200);
    return [
      ...controls.filter((one) => one.isConnected && !seen.has(one)).map((one) => `Tab does not come to ${told(one)}`),
      ...[...seen].filter(([, isSeen]) => !isSeen).map(([one]) => `nobody sees the focus of ${told(one)}`),
    ].slice(0, 5);
  }, isLong ? MANY : 0);
}

// Tabs until the focus is on an element of that tag with these words.
async function tabTo(page, tag, words) {
  for (let presses = 0; presses < 100; presses += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => [document.activeElement.tagName.toLowerCase(), document.activeElement.textContent.trim()]);
    if (at[0] === tag && at[1] === words) return;
  }
  throw new Error(`Tab does not come to ${words}`);
}

// Logs in and acknowledges a failure, without a mouse. What is wrong with it: nothing, or a line.
export async function acknowledge(page, base, token, path) {
  await page.goto(`${base}/login`);
  await page.keyboard.type(token);
  await Promise.all([page.waitForURL(`${base}/`), page.keyboard.press('Enter')]);
  await page.goto(base + path);
  await tabTo(page, 'summary', 'Act');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.type('by keys alone');
  await tabTo(page, 'button', 'Acknowledge');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  const text = await page.innerText('main');
  return /acknowledged by you.*by keys alone/s.test(text) ? [] : [`not acknowledged: ${text}`];
}
