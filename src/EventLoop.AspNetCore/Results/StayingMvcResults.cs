using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace EventLoop.AspNetCore.Results;

internal sealed class StayingMvcResults : IConfigureOptions<MvcOptions>
{
    public void Configure(MvcOptions options) => _ = options;
}
