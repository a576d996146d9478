/**
 * A small mail server on loopback, over real sockets, that takes nothing out of order: line ends are CR LF, commands come in
 * the order of RFC 5321, STARTTLS begins anew, AUTH (PLAIN) only under TLS, dots are unstuffed.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';

export interface TakenMail {
  isSecure: boolean;
  /** Null where nobody logged in. */
  user: string | null;
  from: string;
  to: string[];
  /** Without the dots that SMTP adds; lines end in CR LF. */
  data: string;
}

export interface SmtpOptions {
  /** `starttls` offers it, `implicit` begins with it; neither without. */
  tls?: { mode: 'starttls' | 'implicit'; key: string; cert: string };
  /** What AUTH PLAIN must say; AUTH is offered, and asked for, only with it. */
  login?: { user: string; pass: string };
  /** Answers in place of the server's own; `cut` closes the connection, null gives no answer. `GREETING` and `END` are asked too. */
  answer?: (command: string) => string | 'cut' | null | undefined;
}

export interface SmtpServer {
  port: number;
  /** Every line that was not data, oldest first. */
  commands: string[];
  mails: TakenMail[];
  /** Waits until no connection is open. */
  idle(): Promise<void>;
  /** Waits until a command that begins so has come. */
  until(command: string): Promise<void>;
  stop(): Promise<void>;
}

/** Begins to listen on a port that the system chooses. */
export async function startSmtpServer(options: SmtpOptions = {}): Promise<SmtpServer> {
  const commands: string[] = [];
  const mails: TakenMail[] = [];
  const waiting = new Set<() => void>();
  const sockets = new Set<Socket>();
  const note = (command: string): void => {
    commands.push(command);
    for (const look of waiting) look();
  };
  const onConnection = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    new Session(socket, options, { note, take: (mail) => mails.push(mail) }).begin();
  };
  const server: Server =
    options.tls?.mode === 'implicit'
      ? createTlsServer({ key: options.tls.key, cert: options.tls.cert }, onConnection)
      : createServer(onConnection);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    commands,
    mails,
    async idle() {
      for (const socket of sockets) await once(socket, 'close');
    },
    async until(command) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = (): void => {
        if (commands.some((each) => each.startsWith(command))) resolve();
      };
      waiting.add(look);
      look();
      await promise;
      waiting.delete(look);
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Notes {
  note(command: string): void;
  take(mail: TakenMail): void;
}

type Step = 'hello' | 'mail' | 'recipients' | 'data';

class Session {
  #socket: Socket;
  readonly #options: SmtpOptions;
  readonly #notes: Notes;
  #rest = '';
  #step: Step = 'hello';
  #isSecure: boolean;
  #user: string | null = null;
  #from = '';
  #to: string[] = [];
  #data: string[] = [];

  constructor(socket: Socket, options: SmtpOptions, notes: Notes) {
    this.#socket = socket;
    this.#options = options;
    this.#notes = notes;
    this.#isSecure = options.tls?.mode === 'implicit';
  }

  begin(): void {
    this.#listen();
    this.#say('GREETING', '220 mail.test ESMTP');
  }

  #listen(): void {
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => {
      this.#rest += text;
      for (let end = this.#rest.indexOf('\r\n'); end >= 0; end = this.#rest.indexOf('\r\n')) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 2);
        if (/[\r\n]/.test(line)) return void this.#socket.end('500 5.5.2 a bare CR or LF\r\n');
        if (this.#step === 'data') this.#onData(line);
        else this.#onCommand(line);
      }
    });
  }

  /** Sends an answer, or what the test has in its place. */
  #say(command: string, own: string): boolean {
    const instead = this.#options.answer?.(command);
    if (instead === null) return false;
    if (instead === 'cut') {
      this.#socket.destroy();
      return false;
    }
    this.#socket.write(`${instead ?? own}\r\n`);
    return /^[23]/.test(instead ?? own);
  }

  #onData(line: string): void {
    if (line !== '.') {
      this.#data.push(line.startsWith('.') ? line.slice(1) : line);
      return;
    }
    this.#step = 'mail';
    if (!this.#say('END', '250 2.0.0 taken')) return;
    const data = Buffer.from(`${this.#data.join('\r\n')}\r\n`, 'latin1').toString('utf8');
    this.#notes.take({ isSecure: this.#isSecure, user: this.#user, from: this.#from, to: this.#to, data });
    [this.#from, this.#to, this.#data] = ['', [], []];
  }

  #onCommand(line: string): void {
    this.#notes.note(line);
    const [verb = ''] = line.split(' ');
    switch (verb) {
      case 'EHLO':
        return this.#onHello(line);
      case 'STARTTLS':
        return this.#onStartTls(line);
      case 'AUTH':
        return this.#onAuth(line);
      case 'MAIL':
        return this.#onMail(line);
      case 'RCPT':
        return this.#onRecipient(line);
      case 'DATA':
        if (this.#to.length === 0) return this.#refuse('503 5.5.1 no recipient');
        if (this.#say(line, '354 go on')) this.#step = 'data';
        return undefined;
      case 'QUIT':
        return void this.#socket.end('221 bye\r\n');
      default:
        return this.#refuse('502 5.5.1 unknown');
    }
  }

  #onHello(line: string): void {
    const offers = ['mail.test', 'SIZE 1000000'];
    if (this.#options.tls && !this.#isSecure) offers.push('STARTTLS');
    if (this.#options.login) offers.push('AUTH PLAIN');
    const lines = offers.map((offer, index) => `250${index === offers.length - 1 ? ' ' : '-'}${offer}`);
    if (this.#say(line, lines.join('\r\n'))) this.#step = 'mail';
  }

  #onStartTls(line: string): void {
    const { tls } = this.#options;
    if (!tls || this.#isSecure) return this.#refuse('502 5.5.1 no TLS here');
    if (!this.#say(line, '220 2.0.0 begin')) return;
    this.#socket.removeAllListeners('data');
    const secure = new TLSSocket(this.#socket, { isServer: true, key: tls.key, cert: tls.cert });
    secure.on('error', () => this.#socket.destroy());
    this.#socket = secure;
    this.#isSecure = true;
    this.#step = 'hello';
    this.#rest = '';
    this.#listen();
  }

  #onAuth(line: string): void {
    const { login, tls } = this.#options;
    const [, method, given = ''] = line.split(' ');
    if (!login || method !== 'PLAIN') return this.#refuse('504 5.5.4 not this way');
    if (tls && !this.#isSecure) return this.#refuse('538 5.7.11 encryption is needed');
    const [, user = '', pass = ''] = Buffer.from(given, 'base64').toString('utf8').split('\0');
    if (user !== login.user || pass !== login.pass) {
      this.#say(line, `535 5.7.8 ${user} is not who they say`);
      return;
    }
    if (this.#say(line, '235 2.7.0 welcome')) this.#user = user;
  }

  #onMail(line: string): void {
    if (this.#step !== 'mail') return this.#refuse('503 5.5.1 EHLO first');
    if (this.#options.login && this.#user === null) return this.#refuse('530 5.7.0 AUTH first');
    const from = /^MAIL FROM:<([^>]*)>/.exec(line)?.[1];
    if (from === undefined) return this.#refuse('501 5.5.4 no sender');
    if (!this.#say(line, '250 2.1.0 sender ok')) return;
    this.#from = from;
    this.#step = 'recipients';
  }

  #onRecipient(line: string): void {
    const to = /^RCPT TO:<([^>]+)>/.exec(line)?.[1];
    if (this.#step !== 'recipients' || to === undefined) return this.#refuse('503 5.5.1 MAIL first');
    if (this.#say(line, '250 2.1.5 recipient ok')) this.#to.push(to);
  }

  #refuse(answer: string): void {
    this.#socket.write(`${answer}\r\n`);
  }
}
