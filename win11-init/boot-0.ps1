# Runs once as SYSTEM, in the specialize pass: Windows has started for the first time and has no user yet.
$Stage = 'specialize'
$Root = $PSScriptRoot
. "$Root\steps.ps1"
trap { Stop-Install 'start' $_.Exception.Message }

$Settings = Get-Content -LiteralPath "$Root\settings.json" -Raw | ConvertFrom-Json

function Step-Start {
    if (-not (Test-Path -LiteralPath "$Root\osrun-agent.exe")) { throw "$Root has no osrun-agent.exe" }
    if ($PSVersionTable.PSVersion.Major -ne 5) { throw "expected PowerShell 5, this is $($PSVersionTable.PSVersion)" }
    # What came from a medium that cannot be written may be read-only.
    Get-ChildItem -LiteralPath $Root -Recurse -File -Force | ForEach-Object { $_.IsReadOnly = $false }
}

# The account in whose session boot-1.ps1 will run. Its name differs from language to language, its number does not.
function Step-Account {
    if ($Settings.account -ne 'built-in') { Skip-Step "the answer file makes $($Settings.user)" }
    $Account = Get-LocalUser | Where-Object { $_.SID.Value -match '^S-1-5-21-.*-500$' }
    if ($Account.Name -ne $Settings.user) { throw "expected the built-in account to be $($Settings.user), it is $($Account.Name)" }
    $Account | Enable-LocalUser
    $Account | Set-LocalUser -PasswordNeverExpires $true
}

function Step-Power {
    Invoke-Program 'powercfg.exe' '/hibernate', 'off'
    foreach ($What in 'monitor-timeout-ac', 'standby-timeout-ac', 'disk-timeout-ac') {
        Invoke-Program 'powercfg.exe' '/change', $What, '0'
    }
}

# A machine that was switched off hard starts again, in place of offering repairs to nobody.
function Step-Recovery {
    Invoke-Program 'bcdedit.exe' '/set', '{current}', 'recoveryenabled', 'No'
    Invoke-Program 'bcdedit.exe' '/set', '{current}', 'bootstatuspolicy', 'IgnoreAllFailures'
}

# Before the first user gets copies of them.
function Step-Apps {
    if ($Settings.apps.Count -eq 0) { Skip-Step "profile $($Settings.profile) keeps all" }
    $There = Get-AppxProvisionedPackage -Online | Where-Object { $Settings.apps -contains $_.DisplayName }
    if (-not $There) { Skip-Step 'none of them is here' }
    $Refused = @()
    foreach ($Package in $There) {
        try { [void]($Package | Remove-AppxProvisionedPackage -Online) } catch { $Refused += $Package.DisplayName }
    }
    if ($Refused) { throw "could not remove $($Refused -join ', ')" }
}

# Some of these belong to SYSTEM, and no administrator may change them.
function Step-Tasks {
    if ($Settings.tasks.Count -eq 0) { Skip-Step "profile $($Settings.profile) keeps all" }
    $There = Get-ScheduledTask | Where-Object { $Settings.tasks -contains "$($_.TaskPath)$($_.TaskName)" }
    if (-not $There) { Skip-Step 'none of them is here' }
    $Refused = @()
    foreach ($Task in $There) {
        try { [void]($Task | Disable-ScheduledTask) } catch { $Refused += $Task.TaskName }
    }
    if ($Refused) { throw "could not disable $($Refused -join ', ')" }
}

Invoke-Step 'start' 'Step-Start'
Invoke-Step 'account' 'Step-Account'
Invoke-Step 'power' 'Step-Power' -Optional
Invoke-Step 'recovery' 'Step-Recovery' -Optional
Invoke-Step 'apps' 'Step-Apps' -Optional
Invoke-Step 'tasks' 'Step-Tasks' -Optional
Send-Report 'finish' 'done'
