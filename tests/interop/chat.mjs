// Uses the chat's page in two tabs of Chromium: node chat.mjs http://HOST:PORT/

import { deepStrictEqual as same } from 'node:assert';
import { exchange, launch, openTab } from './common.mjs';

const url = process.argv[2];
const browser = await launch();
const errors = [];

/** Opens a tab, and enters with a name. */
async function enter(name) {
  const page = await openTab(browser, 560, errors);
  await page.goto(url);
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Enter' }).click();
  return page;
}

async function say(page, text) {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

/** Waits for an entry of the log with exactly this text. */
function reads(page, text) {
  return page.getByRole('log').getByText(text, { exact: true }).waitFor();
}

/** Waits until exactly these members are listed. */
async function sees(page, names) {
  const here = page.getByRole('list', { name: 'Here now' }).getByRole('listitem');
  await here.nth(names.length - 1).waitFor();
  await here.nth(names.length).waitFor({ state: 'detached' });
  same(await here.allTextContents(), names);
}

try {
  let ada, bob;
  await exchange('chat: two people enter, and see who is there', async () => {
    ada = await enter('Ada');
    await ada.getByRole('status').filter({ hasText: 'You are Ada' }).waitFor();
    await sees(ada, ['Ada']);
    bob = await enter('Bob 🦀');
    for (const page of [ada, bob]) {
      await reads(page, 'Bob 🦀 has come');
      await sees(page, ['Ada', 'Bob 🦀']);
    }
  });

  await exchange("chat: each reads the other's messages and the own", async () => {
    await say(ada, 'Hello, 🌍!');
    await say(bob, 'Hello, Ada! 안녕하세요');
    for (const page of [ada, bob]) {
      await reads(page, 'Hello, 🌍!');
      await reads(page, 'Hello, Ada! 안녕하세요');
    }
    same(await bob.getByRole('log').locator('p:not(.news) b').allTextContents(), ['Ada', 'Bob 🦀']);
    same(await bob.getByRole('log').locator('p.mine').count(), 1);
  });

  await exchange('chat: what looks like markup is text', async () => {
    const markup = '<img src=x onerror=alert(1)> & "quotes" \\u0000';
    await say(bob, markup);
    await reads(ada, markup);
  });

  await exchange('chat: a name that is taken is refused, with the reason', async () => {
    const other = await enter('Ada');
    await other.getByRole('status').filter({ hasText: 'that name is taken' }).waitFor();
    same(await other.getByLabel('Your name').isVisible(), true);
    await other.close();
    await sees(ada, ['Ada', 'Bob 🦀']);
  });

  await exchange('chat: a member that closes the tab has left', async () => {
    await bob.close();
    await reads(ada, 'Bob 🦀 has left');
    await sees(ada, ['Ada']);
  });

  await exchange('chat: no errors on the console', async () => same(errors, []));
} finally {
  await browser.close();
}
