using System.Diagnostics;
using System.Net;

namespace Inside;

/// <summary>The page in a browser, where there is one.</summary>
internal static class Page
{
    internal static void Run(Report report, bool quick)
    {
        using var target = Child.Start("names");
        using var tool = Child.StartTool("web", target.Id);
        try
        {
            string link = tool.StandardOutput.ReadLine()!.Split(' ')[0];
            using var client = new HttpClient();
            using var refused = client.GetAsync(link.Split('?')[0]).GetAwaiter().GetResult();
            report.Add(11, "the page without its key: answers with", (double)refused.StatusCode, goal: (double)HttpStatusCode.Forbidden);
            if (!File.Exists("/usr/bin/chromium"))
            {
                Console.Error.WriteLine("skipped  the page in a browser: chromium is not installed");
                return;
            }

            string profile = Directory.CreateTempSubdirectory("inside-").FullName;
            try
            {
                var start = new ProcessStartInfo("timeout", ["90", "/usr/bin/chromium", "--no-sandbox", "--headless=new", "--disable-gpu",
                    "--user-data-dir=" + profile, "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
                    "--virtual-time-budget=4000", "--dump-dom", link])
                { RedirectStandardOutput = true, RedirectStandardError = true };
                using var browser = Process.Start(start)!;
                browser.ErrorDataReceived += static (_, _) => { };
                browser.BeginErrorReadLine();
                var reading = browser.StandardOutput.ReadToEndAsync();

                // The browser's own time stands still while the page is fed; it has got some by then.
                Thread.Sleep(TimeSpan.FromSeconds(20));
                tool.Kill();
                string page = reading.GetAwaiter().GetResult();
                browser.WaitForExit();
                bool isText = page.Contains("&lt;img src=x onerror=", StringComparison.Ordinal) && !page.Contains("<img", StringComparison.Ordinal)
                    && !page.Contains("<title>marked", StringComparison.Ordinal);
                report.Add(11, "    a task named <img src=x onerror=...> is text", isText ? 1 : 0, goal: 1, atLeast: true);
            }
            finally
            {
                Directory.Delete(profile, recursive: true);
            }
        }
        finally
        {
            if (!tool.HasExited)
            {
                tool.Kill();
            }
        }
    }
}
