import { describe, expect, test } from 'vitest'
import { sample } from './samples.ts'

describe('by default', () => {
  test('the built-in account logs on where Windows calls it Administrator', () => {
    expect(sample()).toMatchObject({ user: 'Administrator', account: 'built-in', computer: 'WIN11', timeZone: 'UTC' })
    expect(sample({ image: { language: 'de-DE' } })).toMatchObject({ user: 'osrun', account: 'own', locale: 'de-DE' })
  })

  test('the password is one that a server takes', () => {
    expect(sample({ guest: 'server2022' }).password).toBe('Passw0rd!')
    expect(sample({ guest: 'server2025', image: { language: 'fr-FR' } }).user).toBe('osrun')
  })

  test('the built-in account is meant however it is written, and called as Windows calls it', () => {
    expect(sample({}, { user: 'administrator' })).toMatchObject({ user: 'Administrator', account: 'built-in' })
  })

  test('the keyboard is that of the locale', () => {
    expect(sample({}, { locale: 'de-AT' }).keyboard).toBe('de-AT')
    expect(sample({}, { locale: 'de-AT', keyboard: '0409:00000409' }).keyboard).toBe('0409:00000409')
  })
})

describe('is refused:', () => {
  test.each([
    ['a computer name that is too long', { computer: 'A-VERY-LONG-NAME' }, /media\.computer.*1 to 15/],
    ['a computer name of digits only', { computer: '12345' }, /media\.computer/],
    ['an account with a character that Windows refuses', { user: 'a/b' }, /media\.user/],
    ['an account name with a dot at its end', { user: 'tester.' }, /media\.user.*dot/],
    ['an account that Windows has already', { user: 'Guest' }, /media\.user.*accounts of Windows/],
    ["the computer's own name", { user: 'Lab', computer: 'LAB' }, /media\.user.*another name than the computer's, LAB/],
    ['an account name that is too long', { user: 'a'.repeat(21) }, /media\.user/],
    ['a time zone that is a program', { timeZone: 'UTC" & del' }, /media\.timeZone/],
    ['a locale of another kind', { locale: 'de_DE' }, /media\.locale/],
    ['a keyboard of another kind', { keyboard: 'qwertz' }, /media\.keyboard/],
    ['a product key that is cut', { productKey: 'AAAAA-BBBBB' }, /media\.productKey/],
    ['a password with a line end', { password: 'a\nb' }, /media\.password.*control/],
    ['a wish that there is not', { userName: 'x' } as object, /media\.userName.*one of user, password/],
  ])('%s', (_, wishes, message) => {
    expect(() => sample({}, wishes)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringMatching(message) }),
    )
  })

  test.each(['', 'Shor1!', 'nodigitsorcapitals', 'Administrator1!'])('on a server, the password %j', (password) => {
    expect(() => sample({ guest: 'server2025' }, { password })).toThrow(/media\.password.*three kinds/)
    expect(sample({ guest: 'win11' }, { password }).password).toBe(password)
  })

  test('a password without its being said', () => {
    expect(() => sample({ guest: 'server2022' }, { password: 'secret' })).toThrow(/^(?!.*secret)/)
    expect(() => sample({}, { password: 12345 as unknown as string })).toThrow(/^(?!.*12345)/)
  })
})
