/**
 * A tab that can be hidden. Playwright makes its pages believe that they are always in front, so this one is opened past it, by the
 * browser's own protocol; of two tabs in one window the other one is hidden.
 */
import type { Browser, CDPSession } from 'playwright-core';

/** Flags of Playwright's that keep hidden tabs awake. */
export const wakeful = [
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--disable-background-timer-throttling',
];

interface Reply {
  readonly id?: number;
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

export class HiddenTab {
  private last = 0;
  private readonly waiting = new Map<number, (reply: Reply) => void>();

  private constructor(
    private readonly browser: CDPSession,
    private readonly targetId: string,
    private readonly sessionId: string,
  ) {
    browser.on('Target.receivedMessageFromTarget', ({ message }) => {
      const reply = JSON.parse(message) as Reply;
      if (reply.id !== undefined) this.waiting.get(reply.id)?.(reply);
    });
  }

  static async open(browser: Browser, url: string): Promise<HiddenTab> {
    const session = await browser.newBrowserCDPSession();
    const { targetId } = await session.send('Target.createTarget', { url });
    const { sessionId } = await session.send('Target.attachToTarget', { targetId, flatten: false });
    return new HiddenTab(session, targetId, sessionId);
  }

  /** The value of an expression in the tab. Asked again when there is no answer, because the tab is busy or between two documents. */
  async evaluate(expression: string): Promise<unknown> {
    for (;;) {
      const reply = await this.ask(expression);
      if (reply !== undefined) return reply.result?.result?.value;
    }
  }

  private async ask(expression: string): Promise<Reply | undefined> {
    this.last += 1;
    const id = this.last;
    const reply = new Promise<Reply>((resolve) => this.waiting.set(id, resolve));
    const call = { id, method: 'Runtime.evaluate', params: { expression, returnByValue: true } };
    await this.browser.send('Target.sendMessageToTarget', {
      sessionId: this.sessionId,
      message: JSON.stringify(call),
    });
    const silence = new Promise<undefined>((resolve) =>
      setTimeout(() => {
        resolve(undefined);
      }, 5000),
    );
    return Promise.race([reply, silence]);
  }

  /** Asks again and again, as long as it takes. */
  async until(expression: string): Promise<void> {
    while ((await this.evaluate(expression)) !== true) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Opens another tab before it. */
  async hide(): Promise<void> {
    await this.browser.send('Target.createTarget', { url: 'about:blank' });
    await this.until('document.hidden');
  }

  async bringBack(): Promise<void> {
    await this.browser.send('Target.activateTarget', { targetId: this.targetId });
    await this.until('!document.hidden');
  }

  async close(): Promise<void> {
    await this.browser.send('Target.closeTarget', { targetId: this.targetId });
  }
}
