# What boot-0.ps1 and boot-1.ps1 share: reports to the host, and steps that end in time. PowerShell 5.1.
# Both set $Stage and $Root, then dot-source this file.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$ConfirmPreference = 'None'

# A line for the host on the first serial port, and the same in the log. A host that does not listen stops nothing.
function Send-Report([string]$Step, [string]$State, [string]$Why = '') {
    $Line = ("$Stage $Step $State $Why".Trim() -replace '[^\x20-\x7e]+', ' ')
    $Line = $Line.Substring(0, [Math]::Min($Line.Length, 800))
    Write-Log $Line
    try {
        $Port = New-Object -TypeName System.IO.Ports.SerialPort -ArgumentList 'COM1', 115200
        $Port.WriteTimeout = 10000
        $Port.Open()
        try { $Port.Write("osrun: $Line`r`n") } finally { $Port.Close() }
    } catch {
        Write-Log "the serial port refused it: $($_.Exception.Message)"
    }
}

function Write-Log([string]$Text) {
    Add-Content -LiteralPath "$Root\$Stage.log" -Encoding UTF8 -Value "$([DateTime]::UtcNow.ToString('s'))Z $Text"
}

# Ends the installation: the marker and the log stay on the disk, and the machine powers off.
function Stop-Install([string]$Step, [string]$Why) {
    Send-Report $Step 'failed' $Why
    try { Set-Content -LiteralPath "$Root\failed.txt" -Encoding UTF8 -Value "$Stage $Step $Why" } catch { Write-Log 'no marker could be written' }
    & "$env:SystemRoot\System32\shutdown.exe" /s /f /t 0
    Start-Sleep -Seconds 600
    exit 1
}

# Runs a function of the caller by itself, in a runspace of its own, for at most as many minutes as the settings give
# the step. An error ends the installation, unless the step is optional: that is reported as skipped.
function Invoke-Step([string]$Step, [string]$Name, [switch]$Optional) {
    Send-Report $Step 'begin'
    $Minutes = $Settings.minutes.$Step
    $Space = [RunspaceFactory]::CreateRunspace()
    $Space.Open()
    foreach ($Variable in 'Settings', 'Stage', 'Root') {
        $Space.SessionStateProxy.SetVariable($Variable, (Get-Variable -Name $Variable -ValueOnly))
    }
    $Shell = [PowerShell]::Create()
    $Shell.Runspace = $Space
    [void]$Shell.AddScript(". '$Root\steps.ps1'`n$((Get-Item -LiteralPath "function:$Name").Definition)")
    $Why = $null
    $Running = $Shell.BeginInvoke()
    if ($Running.AsyncWaitHandle.WaitOne([TimeSpan]::FromMinutes($Minutes))) {
        try { [void]$Shell.EndInvoke($Running) } catch { $Why = $_.Exception.GetBaseException().Message }
    } else {
        [void]$Shell.BeginStop($null, $null)
        $Why = "it took longer than $Minutes minutes"
    }
    if ($null -eq $Why) {
        Send-Report $Step 'done'
    } elseif ($Optional -or $Why.StartsWith('not needed: ')) {
        Send-Report $Step 'skipped' $Why
    } else {
        Stop-Install $Step $Why
    }
}

# For a step that finds nothing to do.
function Skip-Step([string]$Why) {
    throw "not needed: $Why"
}

# Runs a program and looks at its exit code. PowerShell 5.1 takes a line on stderr for an error of its own where errors
# stop the script.
function Invoke-Program([string]$File, [string[]]$Words, [int[]]$Good = @(0)) {
    $ErrorActionPreference = 'Continue'
    $Said = & $File $Words 2>&1 | Out-String
    $Code = $LASTEXITCODE
    $ErrorActionPreference = 'Stop'
    Write-Log "$File $Words`: exit code $Code`r`n$Said"
    if ($Good -notcontains $Code) {
        throw "$File ended with exit code $Code`: $($Said.Trim())"
    }
}

# Creates the key where it is missing.
function Set-RegistryValue([string]$Key, [string]$Name, [string]$Type, $Value) {
    if (-not (Test-Path -LiteralPath $Key)) { [void](New-Item -Path $Key -Force) }
    [void](New-ItemProperty -LiteralPath $Key -Name $Name -PropertyType $Type -Value $Value -Force)
}
