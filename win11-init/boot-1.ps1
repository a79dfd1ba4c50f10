# Runs once at the first logon, as the administrator in whose session the agent will live. Powers off at the end.
$Stage = 'logon'
$Root = $PSScriptRoot
. "$Root\steps.ps1"
trap { Stop-Install 'start' $_.Exception.Message }

$Settings = Get-Content -LiteralPath "$Root\settings.json" -Raw | ConvertFrom-Json

function Step-Start {
    $Identity = [Security.Principal.WindowsIdentity]::GetCurrent()
    $Principal = New-Object -TypeName Security.Principal.WindowsPrincipal -ArgumentList $Identity
    if (-not $Principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
        throw "$($Identity.Name) has no rights of an administrator here"
    }
    if ($env:USERNAME -ne $Settings.user) { throw "expected the user $($Settings.user), this is $env:USERNAME" }
}

# The answer file's logons are counted, and off by one; these are not.
function Step-Account {
    Set-LocalUser -Name $Settings.user -PasswordNeverExpires $true
    $Key = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon'
    Set-RegistryValue $Key 'AutoAdminLogon' 'String' '1'
    Set-RegistryValue $Key 'DefaultUserName' 'String' $Settings.user
    Set-RegistryValue $Key 'DefaultDomainName' 'String' '.'
    Set-RegistryValue $Key 'DefaultPassword' 'String' $Settings.password
    Remove-ItemProperty -LiteralPath $Key -Name 'AutoLogonCount' -ErrorAction SilentlyContinue
}

function Step-Firewall {
    $Words = 'advfirewall', 'firewall', 'add', 'rule', 'name=osrun-agent', 'dir=in', 'action=allow', 'profile=any'
    Invoke-Program 'netsh.exe' ($Words + 'protocol=TCP' + "localport=$($Settings.port)")
}

# In the user's session and with all rights. Without a priority a task runs below normal, and so would every command.
function Step-Agent {
    $Name = 'osrun-agent'
    $Who = New-ScheduledTaskPrincipal -UserId "$env:USERDOMAIN\$env:USERNAME" -LogonType 'Interactive' -RunLevel 'Highest'
    $What = New-ScheduledTaskAction -Execute "$Root\osrun-agent.exe" -Argument "--port $($Settings.port) --log $Root\agent.log"
    $When = New-ScheduledTaskTrigger -AtLogOn -User "$env:USERDOMAIN\$env:USERNAME"
    $How = @{
        AllowStartIfOnBatteries = $true
        DontStopIfGoingOnBatteries = $true
        ExecutionTimeLimit = [TimeSpan]::Zero
        RestartCount = 999
        RestartInterval = [TimeSpan]::FromMinutes(1)
        MultipleInstances = 'IgnoreNew'
        Priority = 5
    }
    $Rules = New-ScheduledTaskSettingsSet @How
    [void](Register-ScheduledTask -TaskName $Name -Principal $Who -Action $What -Trigger $When -Settings $Rules -Force)
    Start-ScheduledTask -TaskName $Name
    $Until = [DateTime]::UtcNow.AddMinutes(2)
    do {
        Start-Sleep -Seconds 1
        $Heard = Get-NetTCPConnection -State 'Listen' -LocalPort $Settings.port -ErrorAction SilentlyContinue
    } until ($Heard -or [DateTime]::UtcNow -gt $Until)
    if (-not $Heard) { throw "nothing listens on port $($Settings.port) two minutes after the start of task $Name" }
}

# Its services are off already; this takes the rest of it away where Windows can do without.
function Step-Defender {
    if ($Settings.profile -ne 'slim' -or $Settings.family -ne 'server') { Skip-Step 'only a slim server can be without it' }
    $Feature = Get-WindowsFeature -Name 'Windows-Defender'
    if (-not $Feature -or -not $Feature.Installed) { Skip-Step 'it is not installed' }
    [void](Uninstall-WindowsFeature -Name 'Windows-Defender')
}

# What the user of osrun has given, in the order of its names.
function Step-Own {
    $Scripts = Get-ChildItem -Path "$Root\own\*.ps1" -ErrorAction SilentlyContinue | Sort-Object -Property 'Name'
    if (-not $Scripts) { Skip-Step 'no scripts were given' }
    foreach ($Script in $Scripts) {
        $Words = '-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', $Script.FullName
        Invoke-Program "$env:SystemRoot\System32\WindowsPowerShell\v1.0\powershell.exe" $Words
    }
}

# The component store gets smaller, and what is deleted leaves the disk image.
function Step-Shrink {
    if ($Settings.profile -ne 'slim') { Skip-Step "profile $($Settings.profile) keeps all" }
    if ($Settings.family -eq 'client') {
        Invoke-Program 'dism.exe' '/Online', '/Set-ReservedStorageState', '/State:Disabled', '/Quiet' -Good 0, 3010
    }
    Invoke-Program 'dism.exe' '/Online', '/Cleanup-Image', '/StartComponentCleanup', '/ResetBase', '/Quiet' -Good 0, 3010
    Get-ChildItem -Path "$env:TEMP\*", "$env:SystemRoot\Temp\*" -Force | Remove-Item -Recurse -Force -ErrorAction SilentlyContinue
    Optimize-Volume -DriveLetter $env:SystemDrive.Substring(0, 1) -ReTrim
}

# Answer files hold passwords.
function Step-Tidy {
    $Leftovers = "$env:SystemRoot\Panther\unattend.xml", "$env:SystemRoot\Panther\Unattend\unattend.xml", "$Root\settings.json"
    foreach ($File in $Leftovers) {
        if (Test-Path -LiteralPath $File) { Remove-Item -LiteralPath $File -Force }
    }
}

Invoke-Step 'start' 'Step-Start'
Invoke-Step 'account' 'Step-Account'
Invoke-Step 'firewall' 'Step-Firewall'
Invoke-Step 'agent' 'Step-Agent'
Invoke-Step 'defender' 'Step-Defender' -Optional
Invoke-Step 'own' 'Step-Own'
Invoke-Step 'shrink' 'Step-Shrink' -Optional
Invoke-Step 'tidy' 'Step-Tidy'
Set-Content -LiteralPath "$Root\installed.txt" -Encoding UTF8 -Value $Settings.key
Send-Report 'finish' 'done'
& "$env:SystemRoot\System32\shutdown.exe" /s /f /t 0
