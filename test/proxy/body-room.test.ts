import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/clock.ts';
import { BodyRoom, SMALL_BYTES, type RoomRules } from '../../src/proxy/body-room.ts';

const MIB = 1_048_576;
const rules = (over: Partial<RoomRules> = {}): RoomRules => ({
  bytesTotal: MIB,
  waitMsMax: 1_000,
  signal: new AbortController().signal,
  ...over,
});

describe('the room of bodies', () => {
  it('is reserved at once if there is enough, and released', () => {
    const room = new BodyRoom(createManualClock(0));
    const [first, second] = [room.place(rules()), room.place(rules())];
    expect(first.growTo(MIB / 2)).toBe(true);
    expect(second.growTo(MIB / 2)).toBe(true);
    expect(room.usedBytes).toBe(MIB);
    first.release();
    first.release();
    second.release();
    expect(room.usedBytes).toBe(0);
  });

  it('lets callers in one after the other, in the order in which they came', async () => {
    const room = new BodyRoom(createManualClock(0));
    const first = room.place(rules());
    first.growTo(MIB);
    const order: string[] = [];
    const enter = async (name: string, bytes: number) => {
      const place = room.place(rules());
      expect(await place.growTo(bytes)).toBe(true);
      order.push(name);
      return place;
    };
    const large = enter('large', MIB);
    const small = enter('small', SMALL_BYTES + 1);
    first.release();
    (await large).release();
    (await small).release();
    expect(order).toEqual(['large', 'small']);
    expect(room.usedBytes).toBe(0);
  });

  it('lets a small body never wait, and counts it', () => {
    const room = new BodyRoom(createManualClock(0));
    room.place(rules()).growTo(MIB);
    const small = room.place(rules());
    expect(small.growTo(SMALL_BYTES)).toBe(true);
    expect(room.usedBytes).toBe(MIB + SMALL_BYTES);
    small.release();
    expect(room.usedBytes).toBe(MIB);
  });

  it('is refused after the time, and to a caller that went away; those behind are let in', async () => {
    const clock = createManualClock(0);
    const room = new BodyRoom(clock);
    const first = room.place(rules());
    first.growTo(MIB / 2);
    const gone = new AbortController();
    const late = room.place(rules()).growTo(MIB);
    const left = room.place(rules({ signal: gone.signal, waitMsMax: 9_000 })).growTo(MIB);
    const behind = room.place(rules({ waitMsMax: 9_000 })).growTo(MIB / 2);
    await clock.advance(1_000);
    expect(await late).toBe(false);
    gone.abort();
    expect(await left).toBe(false);
    expect(await behind).toBe(true);
    expect(room.usedBytes).toBe(MIB);
    expect(await room.place(rules({ signal: gone.signal })).growTo(MIB)).toBe(false);
  });

  it('grows with a body without a declared length, and keeps nothing of a released one', async () => {
    const room = new BodyRoom(createManualClock(0));
    const other = room.place(rules());
    other.growTo(MIB / 2);
    const growing = room.place(rules());
    expect(growing.growTo(MIB / 4)).toBe(true);
    expect(growing.growTo(0)).toBe(true);
    const more = growing.growTo(MIB);
    growing.release();
    other.release();
    expect(await more).toBe(true);
    expect(room.usedBytes).toBe(0);
  });
});
