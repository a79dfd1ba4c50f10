import type { Install } from './install.ts'

const apps = [
  'Clipchamp.Clipchamp',
  'Microsoft.549981C3F5F10',
  'Microsoft.BingNews',
  'Microsoft.BingSearch',
  'Microsoft.BingWeather',
  'Microsoft.Copilot',
  'Microsoft.GamingApp',
  'Microsoft.GetHelp',
  'Microsoft.Getstarted',
  'Microsoft.MicrosoftOfficeHub',
  'Microsoft.MicrosoftSolitaireCollection',
  'Microsoft.OutlookForWindows',
  'Microsoft.People',
  'Microsoft.PowerAutomateDesktop',
  'Microsoft.Todos',
  'Microsoft.WindowsFeedbackHub',
  'Microsoft.WindowsMaps',
  'Microsoft.Xbox.TCUI',
  'Microsoft.XboxGamingOverlay',
  'Microsoft.XboxIdentityProvider',
  'Microsoft.XboxSpeechToTextOverlay',
  'Microsoft.YourPhone',
  'Microsoft.ZuneMusic',
  'Microsoft.ZuneVideo',
  'MicrosoftCorporationII.QuickAssist',
  'MicrosoftTeams',
  'MSTeams',
  'MicrosoftWindows.CrossDevice',
] as const

// Each is due as soon as a restored machine has the host's time.
const tasks = [
  '\\Microsoft\\Windows\\Application Experience\\Microsoft Compatibility Appraiser',
  '\\Microsoft\\Windows\\Application Experience\\ProgramDataUpdater',
  '\\Microsoft\\Windows\\Customer Experience Improvement Program\\Consolidator',
  '\\Microsoft\\Windows\\Defrag\\ScheduledDefrag',
  '\\Microsoft\\Windows\\DiskDiagnostic\\Microsoft-Windows-DiskDiagnosticDataCollector',
  '\\Microsoft\\Windows\\Maintenance\\WinSAT',
  '\\Microsoft\\Windows\\TaskScheduler\\Maintenance Configurator',
  '\\Microsoft\\Windows\\TaskScheduler\\Regular Maintenance',
  '\\Microsoft\\Windows\\UpdateOrchestrator\\Schedule Scan',
  '\\Microsoft\\Windows\\UpdateOrchestrator\\USO_UxBroker',
  '\\Microsoft\\Windows\\Windows Defender\\Windows Defender Cache Maintenance',
  '\\Microsoft\\Windows\\Windows Defender\\Windows Defender Cleanup',
  '\\Microsoft\\Windows\\Windows Defender\\Windows Defender Scheduled Scan',
  '\\Microsoft\\Windows\\Windows Defender\\Windows Defender Verification',
  '\\Microsoft\\Windows\\WindowsUpdate\\Scheduled Start',
] as const

/** Apps and scheduled tasks that the profile does without, by the names that Windows gives them. */
export function noise({ profile, family }: Pick<Install, 'profile' | 'family'>): { apps: string[]; tasks: string[] } {
  return profile === 'stock'
    ? { apps: [], tasks: [] }
    : { apps: family === 'client' ? [...apps] : [], tasks: [...tasks] }
}
