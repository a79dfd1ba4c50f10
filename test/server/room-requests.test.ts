import { expect, test } from 'vitest'
import { RoomRequests } from '../../src/server/room-requests.ts'

const asked = { label: 'a.test.ts', guest: 'wine', snapshot: 'provisioned' }

test('a client that waits is on the list until it has its machine', async () => {
  const requests = new RoomRequests()
  await requests.during(
    asked,
    () => {},
    async (request) => {
      expect(requests.describe()).toEqual([])
      request.turn('waiting')
      expect(requests.describe()).toMatchObject([{ ...asked, state: 'waiting' }])
      request.turn('restoring')
      expect(requests.describe()).toMatchObject([{ state: 'restoring' }])
    },
  )
  expect(requests.describe()).toEqual([])
})

test('what is built for it is said while it is built, and passed on', async () => {
  const requests = new RoomRequests()
  const heard: unknown[] = []
  await requests.during(
    asked,
    (progress) => heard.push(progress),
    async (request) => {
      request.onProgress({ phase: 'installing packages', percent: 40 })
      expect(requests.describe()).toMatchObject([{ state: 'building', phase: 'installing packages', percent: 40 }])
      request.turn('waiting')
      expect(requests.describe()[0]).not.toHaveProperty('phase')
    },
  )
  expect(heard).toEqual([{ phase: 'installing packages', percent: 40 }])
})

test('one that failed is not on the list any more', async () => {
  const requests = new RoomRequests()
  const fails = requests.during(
    asked,
    () => {},
    async (request) => {
      request.turn('waiting')
      throw new Error('no place')
    },
  )
  await expect(fails).rejects.toThrow('no place')
  expect(requests.describe()).toEqual([])
})
