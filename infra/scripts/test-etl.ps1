# The original's test under its name: test-etl.sh does the work. On Windows it runs in WSL, where the project is installed.
$names = "API_ENDPOINT", "USER_POOL_ID", "CLIENT_ID", "REGION", "AWS_PROFILE", "NUM_USERS", "TASKS_PER_USER",
    "UPDATES_PER_TASK", "INSIGHTS_TARGET", "INSIGHTS_AWS_ACCOUNT"
Push-Location $PSScriptRoot
try {
    if ($env:OS -eq "Windows_NT") {
        $env:WSLENV = ((@($env:WSLENV) + $names) | Where-Object { $_ }) -join ":"
        wsl sh ./test-etl.sh @args
    } else {
        sh ./test-etl.sh @args
    }
    exit $LASTEXITCODE
} finally {
    Pop-Location
}
